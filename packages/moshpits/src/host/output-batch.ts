/** Octets of one stream, in the order in which the program wrote them. */
export interface OutputChunk {
  readonly bytes: Uint8Array;
  readonly standardError: boolean;
}

/**
 * Joins what a program writes within one turn of the event loop, so that bulk fills datagrams and a lone echo leaves at the
 * end of the turn in which it was read.
 */
export class OutputBatch {
  readonly #send: (chunks: readonly OutputChunk[]) => void;
  #chunks: OutputChunk[] = [];
  #octets = 0;
  #scheduled: NodeJS.Immediate | undefined;

  constructor(send: (chunks: readonly OutputChunk[]) => void) {
    this.#send = send;
  }

  /** Octets that wait for the end of the turn. */
  get octets(): number {
    return this.#octets;
  }

  add(bytes: Uint8Array, standardError: boolean): void {
    this.#chunks.push({ bytes, standardError });
    this.#octets += bytes.length;
    this.#scheduled ??= setImmediate(() => this.flush());
  }

  /** Forgets what waits. */
  discard(): void {
    this.#chunks = [];
    this.#octets = 0;
  }

  /** Sends what waits now. */
  flush(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    if (this.#chunks.length === 0) return;
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#octets = 0;
    this.#send(chunks);
  }
}
