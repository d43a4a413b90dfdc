import { Emulator, repaint } from "libmoshpit/screen";
import { concatBytes } from "libmoshpit/util";

/** Octets that wait for the emulator before the program has to. */
const MOST_WAITING = 64 * 1024;

export interface SessionScreenConfig {
  readonly columns: number;
  readonly rows: number;
  /** Everything that was written is on the screen now. */
  readonly caughtUp: () => void;
  /** What a terminal answers to the program's questions. */
  readonly reply: (text: string) => void;
  /** Runs a step that no call of the session began, and reports its failure. */
  readonly guard: (step: () => void) => void;
}

/**
 * The screen that a session's output leaves, kept at the server for a client that has been away. Takes a bounded amount
 * of work from each turn of the event loop.
 */
export class SessionScreen {
  readonly #config: SessionScreenConfig;
  readonly #emulator: Emulator;
  readonly #waiting: Uint8Array[] = [];
  /** What follows the last complete character or sequence. */
  #unfinished: Uint8Array = new Uint8Array(0);
  #waitingOctets = 0;
  #scheduled = false;

  constructor(config: SessionScreenConfig) {
    this.#config = config;
    this.#emulator = new Emulator(config.columns, config.rows);
  }

  /** Whether the program is to wait until `caughtUp`. */
  get isFull(): boolean {
    return this.#waitingOctets >= MOST_WAITING;
  }

  get isBehind(): boolean {
    return this.#waitingOctets > 0;
  }

  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#waiting.push(bytes);
    this.#waitingOctets += bytes.length;
    this.#schedule();
  }

  /** What was written before is shown at the old size, all of it. */
  resize(columns: number, rows: number): void {
    while (this.isBehind) this.#advance();
    this.#emulator.resize(columns, rows);
  }

  /** What brings a terminal in any state to this screen, ready for what the program writes next. Catches up first. */
  repaint(): Uint8Array {
    while (this.isBehind) this.#advance();
    return concatBytes(repaint(this.#emulator.state()), this.#unfinished);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() =>
      this.#config.guard(() => {
        this.#scheduled = false;
        this.#advance();
        if (this.isBehind) this.#schedule();
        else this.#config.caughtUp();
      }),
    );
  }

  /** The work of one turn. */
  #advance(): void {
    const bytes = this.#waiting[0];
    if (bytes === undefined) return;
    const taken = this.#emulator.write(bytes);
    this.#waitingOctets -= taken;
    this.#keepUnfinished(bytes.subarray(0, taken));
    if (taken === bytes.length) this.#waiting.shift();
    else this.#waiting[0] = bytes.subarray(taken);
    // They grow until they are taken; nobody is given them yet.
    this.#emulator.takeLines();
    for (const event of this.#emulator.takeEvents()) {
      if (event.type === "reply") this.#config.reply(event.text);
    }
  }

  #keepUnfinished(written: Uint8Array): void {
    const octets = this.#emulator.offset - this.#emulator.groundOffset;
    const tail = written.subarray(Math.max(0, written.length - octets));
    const rest = octets - tail.length;
    this.#unfinished =
      rest > 0
        ? concatBytes(this.#unfinished.subarray(this.#unfinished.length - rest), tail)
        : Uint8Array.from(tail);
  }
}
