import { concatBytes, UsageError } from "../util/index.js";
import type { CloseFrame, ReliableContent, WindowSize } from "../wire/index.js";

interface PendingData {
  readonly kind: "data";
  readonly standardError: boolean;
  readonly chunks: Uint8Array[];
  /** Octets of the first chunk that are sent already. */
  offset: number;
  octets: number;
  end: boolean;
}

type PendingItem = PendingData | { readonly kind: "resize"; size: WindowSize } | CloseFrame;

/**
 * What is to be sent and has no sequence number yet: neighbouring octets of one stream become one frame, of
 * neighbouring Resizes only the last is left. spec/07-recovery.md, TR-SEND.
 */
export class Pending {
  #items: PendingItem[] = [];
  readonly #ended = new Set<boolean>();
  #octets = 0;

  get empty(): boolean {
    return this.#items.length === 0;
  }

  /** Octets of streams that wait here. */
  get octets(): number {
    return this.#octets;
  }

  /** Throws `UsageError` if the stream has ended. */
  write(bytes: Uint8Array, standardError: boolean): void {
    if (this.#ended.has(standardError)) throw new UsageError("the stream has ended");
    if (bytes.length === 0) return;
    const data = this.#dataAtEnd(standardError);
    data.chunks.push(bytes);
    data.octets += bytes.length;
    this.#octets += bytes.length;
  }

  /** Ends the stream; once is enough. */
  end(standardError: boolean): void {
    if (this.#ended.has(standardError)) return;
    this.#ended.add(standardError);
    this.#dataAtEnd(standardError).end = true;
  }

  resize(size: WindowSize): void {
    const last = this.#items.at(-1);
    if (last?.kind === "resize") last.size = size;
    else this.#items.push({ kind: "resize", size });
  }

  close(frame: CloseFrame): void {
    this.#items.push(frame);
  }

  /** Forgets the octets of streams, not that they ended, nor anything else; says how many octets there were. */
  discard(): number {
    const discarded = this.#octets;
    this.#octets = 0;
    this.#items = this.#items.flatMap((item): PendingItem[] => {
      if (item.kind !== "data") return [item];
      return item.end ? [{ ...item, chunks: [], offset: 0, octets: 0 }] : [];
    });
    return discarded;
  }

  clear(): void {
    this.#items = [];
    this.#octets = 0;
  }

  /** The next frame's content, with at most `maxData` octets if it is Data; undefined if nothing is pending. */
  take(maxData: number): ReliableContent | undefined {
    const item = this.#items[0];
    if (item === undefined) return undefined;
    if (item.kind !== "data") {
      this.#items.shift();
      return item;
    }
    const bytes = takeOctets(item, maxData);
    this.#octets -= bytes.length;
    const last = item.octets === 0;
    if (last) this.#items.shift();
    return { kind: "data", bytes, standardError: item.standardError, end: last && item.end };
  }

  /** Whether the next frame is Data, whose length can be chosen. */
  get nextIsData(): boolean {
    return this.#items[0]?.kind === "data";
  }

  #dataAtEnd(standardError: boolean): PendingData {
    const last = this.#items.at(-1);
    if (last?.kind === "data" && last.standardError === standardError) return last;
    const data: PendingData = { kind: "data", standardError, chunks: [], offset: 0, octets: 0, end: false };
    this.#items.push(data);
    return data;
  }
}

function takeOctets(item: PendingData, atMost: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let room = Math.min(atMost, item.octets);
  item.octets -= room;
  let whole = 0;
  while (room > 0) {
    const chunk = item.chunks[whole] ?? new Uint8Array(0);
    const part = chunk.subarray(item.offset, item.offset + room);
    parts.push(part);
    room -= part.length;
    item.offset += part.length;
    if (item.offset === chunk.length) {
      whole += 1;
      item.offset = 0;
    }
  }
  item.chunks.splice(0, whole);
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : concatBytes(...parts);
}
