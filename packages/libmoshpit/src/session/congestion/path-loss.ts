import { LOSS_SHARE_PACKETS, MAX_LOSS_SHARE } from "../../wire/index.js";

interface Mark {
  readonly end: number;
  readonly count: number;
}

/**
 * The loss that remains while no more is sent than the path delivers, and that is therefore not of this side's making.
 * spec/07-recovery.md, TR-RATE.
 */
export class PathLoss {
  /** Packets from here on were sent while the path was not probed for more; undefined while it is. */
  #calmFrom: number | undefined;
  #calmEnd = Infinity;
  #last: Mark | undefined;
  #sent = 0;
  #lost = 0;
  #share = 0;

  /** Of all packets, at most MAX_LOSS_SHARE. */
  get share(): number {
    return this.#share;
  }

  /** From packet `next` on no more is sent than the path delivers. */
  calm(next: number): void {
    this.#calmFrom = next;
    this.#calmEnd = Infinity;
    this.#last = undefined;
  }

  /** From packet `next` on more is sent. */
  probing(next: number): void {
    this.#calmEnd = next;
  }

  reported(end: number, count: number): void {
    if (this.#calmFrom === undefined || end < this.#calmFrom || end > this.#calmEnd) return;
    const last = this.#last;
    if (last !== undefined && end <= last.end) return;
    this.#last = { end, count };
    if (last === undefined) return;
    const sent = end - last.end;
    this.#sent += sent;
    this.#lost += sent - ((count - last.count + 2 ** 16) % 2 ** 16);
    if (this.#sent < LOSS_SHARE_PACKETS) return;
    this.#share = Math.min(MAX_LOSS_SHARE / 100, Math.max(0, this.#lost / this.#sent));
    this.#sent /= 2;
    this.#lost /= 2;
  }
}
