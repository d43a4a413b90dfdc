import { OutputBatch, type OutputChunk } from "./output-batch.js";
import { SessionScreen } from "./session-screen.js";

/** Octets that wait for the client before the program has to wait. */
const MOST_WAITING = { terminal: 128 * 1024, pipes: 256 * 1024 } as const;
/** Octets of a program's output that are taken in one turn of the event loop: other sessions have theirs before more. */
const MOST_A_TURN = 64 * 1024;
/** For how long a program waits for a client that is silent; milliseconds. */
export const CLIENT_PATIENCE_MS = 10_000;

/** The client, as far as output goes. */
export interface OutputSink {
  /** Octets that it has not acknowledged. */
  readonly bufferedAmount: number;
  /** For how long nothing was heard of it; microseconds. */
  readonly silence: number;
  write(chunks: readonly OutputChunk[]): void;
  /** Forgets what was never sent. */
  discardUnsent(): void;
}

export interface OutputFlowConfig {
  readonly client: OutputSink;
  /** Absent: the program has no terminal. */
  readonly terminal: { readonly columns: number; readonly rows: number } | undefined;
  readonly pause: () => void;
  readonly resume: () => void;
  /** What a terminal answers, for the program. */
  readonly reply: (text: string) => void;
  /** Runs a step that no call of the session began, and reports its failure. */
  readonly guard: (step: () => void) => void;
}

/**
 * From the program to the client. Where the client does not keep up, the program waits; where it is away, a program on a
 * terminal goes on, and a repaint stands in for what the client missed. spec/10-path-and-life.md, PL-ABANDON.
 */
export class OutputFlow {
  readonly #config: OutputFlowConfig;
  readonly #batch: OutputBatch;
  readonly #screen: SessionScreen | undefined;
  #patience: NodeJS.Timeout | undefined;
  #paused = false;
  #closed = false;
  /** The client is away, and what is written goes to the screen alone. */
  #away = false;

  constructor(config: OutputFlowConfig) {
    const { terminal, guard } = config;
    this.#config = config;
    this.#batch = new OutputBatch((chunks) => guard(() => this.#send(chunks)));
    if (terminal === undefined) return;
    this.#screen = new SessionScreen({
      ...terminal,
      guard,
      caughtUp: () => this.heard(),
      // A client that is there has a terminal that answers.
      reply: (text) => {
        if (this.#away) config.reply(text);
      },
    });
  }

  add(bytes: Uint8Array, standardError: boolean): void {
    if (this.#closed) return;
    this.#screen?.write(bytes);
    if (!this.#away) this.#batch.add(bytes, standardError);
    this.#regulate();
  }

  /** Sends what waits for the end of the turn; to a client that is away, what it will have to see first. */
  flush(): void {
    if (this.#away) this.#repaint();
    else this.#batch.flush();
  }

  /** The screen has that size for everything that comes now. */
  resize(columns: number, rows: number): void {
    if (!this.#away) this.#batch.flush();
    this.#screen?.resize(columns, rows);
  }

  /** The client acknowledged, or was heard at all. */
  heard(): void {
    if (this.#closed) return;
    if (this.#away && !this.#isSilent && this.#screen?.isBehind === false) this.#repaint();
    this.#regulate();
  }

  /** Nothing is written any more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#patience);
    this.#regulate();
  }

  get #isSilent(): boolean {
    return this.#config.client.silence >= CLIENT_PATIENCE_MS * 1_000;
  }

  get #isFull(): boolean {
    if (this.#closed) return false;
    if (this.#screen?.isFull === true) return true;
    if (this.#away) return false;
    if (this.#batch.octets >= MOST_A_TURN) return true;
    const most = MOST_WAITING[this.#screen === undefined ? "pipes" : "terminal"];
    return this.#config.client.bufferedAmount + this.#batch.octets >= most;
  }

  #send(chunks: readonly OutputChunk[]): void {
    if (this.#closed) return;
    this.#config.client.write(chunks);
    // What was full with the batch may have been drained before the batch came: then no event says so.
    this.#regulate();
  }

  /** Has the program wait, or go on. */
  #regulate(): void {
    const full = this.#isFull;
    if (full === this.#paused) return;
    this.#paused = full;
    clearTimeout(this.#patience);
    if (full) {
      this.#config.pause();
      this.#losePatienceIn(CLIENT_PATIENCE_MS);
    } else {
      this.#config.resume();
    }
  }

  /** Looks again when the client will have been silent for too long. */
  #losePatienceIn(milliseconds: number): void {
    if (this.#screen === undefined) return;
    this.#patience = setTimeout(() => this.#config.guard(() => this.#waited()), milliseconds);
  }

  #waited(): void {
    if (!this.#paused || this.#closed || this.#away) return;
    if (this.#isSilent) this.#goAway();
    else this.#losePatienceIn(CLIENT_PATIENCE_MS - this.#config.client.silence / 1_000);
  }

  #goAway(): void {
    this.#away = true;
    this.#batch.discard();
    this.#config.client.discardUnsent();
    this.#regulate();
  }

  #repaint(): void {
    if (this.#screen === undefined) return;
    this.#away = false;
    this.#config.client.write([{ bytes: this.#screen.repaint(), standardError: false }]);
  }
}
