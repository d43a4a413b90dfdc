import { WINDOW_ANNOUNCEMENT } from "../wire/index.js";
import type { Reassembly } from "./reassembly.js";

/** When a window that opened is to be announced by itself. spec/07-recovery.md, TR-WINDOW. */
export class WindowAnnouncement {
  /** What the peer was last told that it may use. */
  #announced: number;
  #repeats = 0;
  /** What the peer had used when it was announced. */
  #peerNext = 0;

  constructor(receive: Reassembly) {
    this.#announced = receive.limit;
  }

  /** How often a wider window was announced while the peer did not go on; 0 if nothing is to be announced. */
  get repeats(): number {
    return this.#repeats;
  }

  /** The program took data: whether that is to be announced now. */
  opened(receive: Reassembly): boolean {
    const wasNarrow = this.#announced - receive.peerNext < WINDOW_ANNOUNCEMENT;
    const wider = receive.limit - this.#announced;
    if (!wasNarrow || wider === 0) return false;
    if (wider < WINDOW_ANNOUNCEMENT && receive.heldFrames > 0) return false;
    this.#repeats = 1;
    this.#peerNext = receive.peerNext;
    return true;
  }

  /** The announcement found no answer yet. */
  again(): void {
    this.#repeats += 1;
  }

  /** Something came: a peer that used a new sequence number goes on. */
  heard(receive: Reassembly): void {
    if (receive.peerNext > this.#peerNext) this.#repeats = 0;
  }

  /** A packet leaves, and every packet says the window. */
  sent(receive: Reassembly): void {
    this.#announced = receive.limit;
  }
}
