import type { ReadStream } from "node:tty";
import { enterRawMode, leaveRawMode } from "./raw-mode.js";
import { TerminalModes } from "./modes.js";

/** A terminal's output: written at once or, where it would block, dropped. */
export interface GuardedOutput {
  write(text: string): unknown;
}

/**
 * Holds the person's terminal in raw mode and gives it back as it was. `restore` is called after every kind of
 * end, by `process.on("exit")` at the latest; what ends the process at once escapes it: SIGKILL, and the signals of a
 * fault (SIGABRT, SIGSEGV and their like).
 */
export class TerminalGuard {
  readonly #input: ReadStream;
  readonly #fd: number;
  readonly #output: GuardedOutput | undefined;
  readonly #modes = new TerminalModes();
  readonly #onExit = (): void => this.restore();
  #state: "left" | "raw" = "left";
  #displayed = false;

  /** `output`: where the program's output appears, if that is a terminal; `fd`: what `input` was made from. */
  constructor(input: ReadStream, output: GuardedOutput | undefined, fd = 0) {
    this.#input = input;
    this.#fd = fd;
    this.#output = output;
  }

  get raw(): boolean {
    return this.#state === "raw";
  }

  /** Raw mode, and what the program had set in the terminal before it was given back. */
  enter(): void {
    // Asked for again, the state of the terminal is not what it was: whoever had it meanwhile changed it.
    if (this.#state === "raw") leaveRawMode(this.#input);
    else process.on("exit", this.#onExit);
    this.#state = "raw";
    enterRawMode(this.#input, this.#fd);
    if (this.#displayed) this.#output?.write(this.#modes.redo());
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
}
