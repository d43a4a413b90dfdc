import type { Log } from "libmoshpit-node/log";
import type { DropReason } from "libmoshpit/wire";

/** How often a summary may be written. */
const INTERVAL_MS = 60_000;

/** Counts datagrams that mean nothing here and says so at most once a minute. They are never answered. */
export class StrangeDatagrams {
  readonly #log: Log;
  readonly #counts = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** One datagram that no session took. */
  add(reason: string): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    this.#timer ??= setTimeout(() => this.#summarize(), INTERVAL_MS);
  }

  /** What a session said of a datagram: undefined if it was good. */
  addDropped(reason: DropReason | undefined): void {
    // The network doubles packets, and it is slow at times: that is no attack.
    if (reason !== undefined && reason !== "replayed") this.add(reason);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #summarize(): void {
    this.#timer = undefined;
    const parts = [...this.#counts].map(([reason, count]) => `${reason} ${count}`);
    const total = [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
    this.#counts.clear();
    this.#log.warn(`dropped ${total} datagrams in the last minute: ${parts.join(", ")}`);
  }
}
