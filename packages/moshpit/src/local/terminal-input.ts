import type { ReadStream } from "node:tty";
import type { TerminalGuard } from "libmoshpit-node/tty";
import { EscapeKeys, type KeyAction } from "../ui/escape-keys.js";
import type { InputSink, LocalInput } from "./input.js";

/** Beyond this many octets on their way typing is refused, with a bell; spec/07-recovery.md. */
export const TERMINAL_LIMIT: number = 1 << 20;

const CTRL_C = 0x03;

/** What a person at the terminal can ask for besides typing. */
export interface TerminalCommands {
  /** `Ctrl-^ .`, or the terminal is gone. */
  quit(): void;
  /** Ctrl-C before there is a session that it could go to. */
  interrupt(): void;
  /** The terminal was given back and taken again: its size may be another. */
  continued(): void;
  bell(): void;
}

/** The person's terminal: raw from the start, so that what is typed while connecting arrives as it was typed. */
export class TerminalInput implements LocalInput {
  readonly #terminal: ReadStream;
  readonly #guard: TerminalGuard;
  readonly #commands: TerminalCommands;
  readonly #keys = new EscapeKeys();
  readonly #early: Uint8Array[] = [];
  readonly #onData = (typed: Uint8Array): void => this.#typed(typed);
  readonly #onGone = (): void => this.#commands.quit();
  readonly #onContinue = (): void => this.#continue();
  #earlyOctets = 0;
  #stopped = false;
  #sink: InputSink | undefined;

  constructor(terminal: ReadStream, guard: TerminalGuard, commands: TerminalCommands) {
    this.#terminal = terminal;
    this.#guard = guard;
    this.#commands = commands;
    guard.enter();
    terminal.on("data", this.#onData);
    terminal.on("end", this.#onGone);
    terminal.on("error", this.#onGone);
    // A shell's fg, and kill -CONT after a kill -STOP in which the shell took the terminal back.
    process.on("SIGCONT", this.#onContinue);
  }

  attach(sink: InputSink): void {
    this.#sink = sink;
    for (const bytes of this.#early.splice(0)) sink.write(bytes);
  }

  /** A terminal is always read: quitting must work. */
  drained(): void {}

  pause(): void {
    this.#terminal.pause();
    this.#guard.restore();
  }

  resume(): void {
    this.#guard.enter();
    this.#terminal.resume();
  }

  stop(): void {
    this.#stopped = true;
    process.off("SIGCONT", this.#onContinue);
    this.#terminal.off("data", this.#onData);
    this.#terminal.off("end", this.#onGone);
    this.#terminal.off("error", this.#onGone);
    this.#terminal.on("error", () => undefined);
    this.#guard.restore();
    this.#terminal.pause();
  }

  #typed(typed: Uint8Array): void {
    if (this.#sink === undefined && typed.includes(CTRL_C)) {
      this.#commands.interrupt();
      return;
    }
    for (const action of this.#keys.feed(typed)) this.#act(action);
  }

  #act(action: KeyAction): void {
    switch (action.kind) {
      case "quit":
        this.#commands.quit();
        return;
      case "suspend":
        this.#suspend();
        return;
      case "send":
        this.#send(action.bytes);
    }
  }

  #send(bytes: Uint8Array): void {
    const waiting = this.#sink?.bufferedAmount ?? this.#earlyOctets;
    if (waiting + bytes.length > TERMINAL_LIMIT) {
      this.#commands.bell();
      return;
    }
    if (this.#sink !== undefined) {
      this.#sink.write(bytes);
      return;
    }
    this.#earlyOctets += bytes.length;
    this.#early.push(Uint8Array.from(bytes));
  }

  #suspend(): void {
    this.pause();
    // The whole job, as the terminal's own Ctrl-Z would; the shell that started it sees it stopped.
    process.kill(0, "SIGTSTP");
    // Where no shell waits for a stopped job, the system does not stop it: then this goes on at once.
    setTimeout(() => this.#continue(), 10);
  }

  #continue(): void {
    if (this.#stopped) return;
    this.resume();
    this.#commands.continued();
  }
}
