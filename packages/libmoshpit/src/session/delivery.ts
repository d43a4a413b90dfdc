import type { ReliableContent } from "../wire/index.js";
import { Reassembly } from "./reassembly.js";

/**
 * What the program is handed, over all connections of an attachment: everything once and in order, nothing after
 * a Close, and no octets on a stream that ended. spec/07-recovery.md, TR-ORDER.
 */
export class Delivery extends Reassembly {
  readonly #ended = new Set<boolean>();
  #closed = false;

  /** What can be delivered now. */
  inOrder(): ReliableContent[] {
    const delivered: ReliableContent[] = [];
    for (;;) {
      const content = this.next();
      if (content === undefined) return delivered;
      if (this.#closed) continue;
      if (content.kind === "close") this.#closed = true;
      if (content.kind === "data") {
        if (this.#ended.has(content.standardError)) continue;
        if (content.end) this.#ended.add(content.standardError);
      }
      delivered.push(content);
    }
  }
}
