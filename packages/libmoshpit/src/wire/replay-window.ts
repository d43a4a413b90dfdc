import { REPLAY_WINDOW } from "./limits.js";

/**
 * Which packet numbers of one direction were accepted: exactly for the newest `REPLAY_WINDOW`, and none below.
 * spec/05-packets.md, PK-REPLAY.
 */
export class ReplayWindow {
  readonly #seen: Uint32Array = new Uint32Array(REPLAY_WINDOW / 32);
  /** One more than the largest number accepted. */
  #end = 0;

  get end(): number {
    return this.#end;
  }

  /** Changes nothing: the answer is acted upon only after the packet proved authentic. */
  lookUp(packetNumber: number): "new" | "replayed" | "too-old" {
    if (packetNumber >= this.#end) return "new";
    if (packetNumber < this.#end - REPLAY_WINDOW) return "too-old";
    return this.#bit(packetNumber) === 0 ? "new" : "replayed";
  }

  /** Marks the number of an authentic packet that `lookUp` found new. */
  accept(packetNumber: number): void {
    this.#forgetUpTo(packetNumber);
    const word = this.#word(packetNumber);
    this.#seen[word] = (this.#seen[word] ?? 0) | (1 << (packetNumber % 32));
    this.#end = Math.max(this.#end, packetNumber + 1);
  }

  /** Clears the marks of the numbers that the window slides over, at most once around. */
  #forgetUpTo(packetNumber: number): void {
    if (packetNumber - this.#end >= REPLAY_WINDOW) {
      this.#seen.fill(0);
      return;
    }
    for (let number = this.#end; number <= packetNumber; number++) {
      const word = this.#word(number);
      this.#seen[word] = (this.#seen[word] ?? 0) & ~(1 << (number % 32));
    }
  }

  #bit(packetNumber: number): number {
    return ((this.#seen[this.#word(packetNumber)] ?? 0) >>> (packetNumber % 32)) & 1;
  }

  #word(packetNumber: number): number {
    return Math.floor((packetNumber % REPLAY_WINDOW) / 32);
  }
}
