import type { ReadStream } from "node:tty";
import { enterRawMode, leaveRawMode } from "./raw-mode.js";
import { TerminalModes } from "./modes.js";

/** A terminal's output: written at once or, where it would block, dropped. */
export interface GuardedOutput {
  write(text: string): unknown;
}

/**
 * Holds the person's terminal in raw mode and gives it back as it was. `restore` is called after every kind of
 * end, by `process.on("exit")` at the latest; only SIGKILL escapes it.
 */
export class TerminalGuard {
  readonly #input: ReadStream;
  readonly #output: GuardedOutput | undefined;
  readonly #modes = new TerminalModes();
  readonly #onExit = (): void => this.restore();
  #state: "left" | "raw" = "left";
  #displayed = false;

  /** `output`: where the program's output appears, if that is a terminal. */
  constructor(input: ReadStream, output: GuardedOutput | undefined) {
    this.#input = input;
    this.#output = output;
  }

  get raw(): boolean {
    return this.#state === "raw";
  }

  /** Raw mode, at once for input; the promise comes when it is complete. */
  async enter(): Promise<void> {
    if (this.#state === "left") {
      this.#state = "raw";
      process.on("exit", this.#onExit);
    }
    // Asked for again, the state of the terminal is not what it was: whoever had it meanwhile changed it.
    leaveRawMode(this.#input);
    const complete = enterRawMode(this.#input);
    if (this.#displayed) this.#output?.write(this.#modes.redo());
    await complete;
    // stty may come too late for a terminal that was given back meanwhile.
    if (this.#left()) leaveRawMode(this.#input);
  }

  /** Output of the program passes here on its way to the terminal. */
  observe(output: Uint8Array): void {
    this.#displayed = true;
    this.#modes.feed(output);
  }

  /** Gives the terminal back. Synchronous, harmless when repeated. */
  restore(): void {
    if (this.#state === "left") return;
    this.#state = "left";
    process.off("exit", this.#onExit);
    try {
      if (this.#displayed) this.#output?.write(this.#modes.undo());
    } finally {
      if (!this.#input.destroyed) leaveRawMode(this.#input);
    }
  }

  #left(): boolean {
    return this.#state === "left";
  }
}
