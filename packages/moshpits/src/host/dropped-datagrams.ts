import type { Log } from "libmoshpit-node/log";
import type { DropReason } from "libmoshpit/wire";

/** Why a datagram was dropped before a connection saw it, or by it. */
type Reason = DropReason | "no packet" | "no session";

/** The network doubles packets and holds some back: that is no attack. */
const USUAL: ReadonlySet<Reason> = new Set(["replayed", "too-old"]);

/** Counts datagrams that meant nothing, for a line in the log now and then. They are never answered. */
export class DroppedDatagrams {
  readonly #counts = new Map<Reason, number>();

  add(reason: Reason, count = 1): void {
    if (!USUAL.has(reason) && count > 0) this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + count);
  }

  /** Writes one line about what was counted since the last, if anything was. */
  summarize(log: Log): void {
    if (this.#counts.size === 0) return;
    const total = [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
    const parts = [...this.#counts].map(([reason, count]) => `${reason} ${count}`);
    this.#counts.clear();
    log.warn(`${total} datagrams were dropped in the last minute: ${parts.join(", ")}`);
  }
}
