import { PROOFS_AFTER_DOUBT } from "./limits.js";

/** Which epochs have proved what. spec/09-prediction.md, 9.3. */
export class Epochs {
  #current = 0;
  /** The epoch whose characters, and whose motions, were confirmed. */
  #text = -1;
  #motion = -1;
  #proofsNeeded = 1;

  /** The epoch of a key that is typed now. */
  get current(): number {
    return this.#current;
  }

  /** Whether anything typed now would be shown. */
  get proved(): boolean {
    return this.#text === this.#current || this.#motion === this.#current;
  }

  /** Whether a key of this epoch is shown. */
  shows(epoch: number, text: boolean): boolean {
    return epoch === this.#text || (!text && epoch === this.#motion);
  }

  /** What is typed from now on proves itself anew. */
  begin(): void {
    this.#current++;
    this.#proofsNeeded = 1;
  }

  /** Nothing that was proved counts any more. */
  forget(): void {
    this.#text = -1;
    this.#motion = -1;
  }

  /** A guess was wrong: more proof is needed than usual. */
  doubt(): void {
    this.#proofsNeeded = PROOFS_AFTER_DOUBT;
  }

  /** So many characters of the current epoch could be there only because they were echoed. */
  proveText(proofs: number): void {
    this.#proofsNeeded -= proofs;
    if (this.#proofsNeeded <= 0) this.#text = this.#current;
  }

  /** The cursor moved as guessed. */
  proveMotion(): void {
    this.#motion = this.#current;
  }
}
