import type { WindowSize } from "libmoshpit/wire";

/**
 * The last of the sizes that came one after the other within a turn of the event loop. Each that is applied makes the
 * kernel tell the program by a signal; a client can send any number of them.
 */
export class LatestSize {
  readonly #apply: (size: WindowSize) => void;
  #size: WindowSize | undefined;
  #scheduled: NodeJS.Immediate | undefined;

  constructor(apply: (size: WindowSize) => void) {
    this.#apply = apply;
  }

  /** Applied at the end of the turn, unless another comes first. */
  set(size: WindowSize): void {
    this.#size = size;
    this.#scheduled ??= setImmediate(() => this.flush());
  }

  /** Applies what waits now, for something follows it. */
  flush(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    const size = this.#size;
    this.#size = undefined;
    if (size !== undefined) this.#apply(size);
  }
}
