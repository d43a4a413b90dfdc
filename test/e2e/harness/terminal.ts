import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type * as NodePty from "node-pty";
import { environment, PROGRAMS, type Environment, type ProgramName } from "./programs.js";

const require = createRequire(
  fileURLToPath(new URL("../../../packages/libmoshpit-node/package.json", import.meta.url)),
);

const PATIENCE_MS = 20_000;

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Environment;
}

/** A terminal with a program in it, as a person has it: what is typed goes in, what is shown comes out. */
export class OuterTerminal {
  readonly #pty: NodePty.IPty;
  readonly #exited: Promise<number>;
  #shown = "";
  #status: number | undefined;
  #changed: (() => void)[] = [];

  constructor(file: string, args: readonly string[], options: TerminalOptions = {}) {
    const { spawn } = require("node-pty") as typeof NodePty;
    this.#pty = spawn(file, [...args], {
      name: "xterm-256color",
      cols: options.columns ?? 80,
      rows: options.rows ?? 24,
      env: environment({ TERM: "xterm-256color", ...options.env }),
    });
    this.#pty.onData((text) => {
      this.#shown += text;
      this.#wake();
    });
    this.#exited = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode, signal }) => {
        this.#status = signal === undefined || signal === 0 ? exitCode : 128 + signal;
        resolve(this.#status);
        this.#wake();
      });
    });
  }

  /** One of the programs, alone in its terminal. */
  static program(name: ProgramName, args: readonly string[], options: TerminalOptions = {}): OuterTerminal {
    return new OuterTerminal(process.execPath, [PROGRAMS[name], ...args], options);
  }

  /** A shell without start-up files whose prompt is `outer$ `; it shows what a program leaves of the terminal. */
  static async shell(options: TerminalOptions = {}): Promise<OuterTerminal> {
    const env = { PS1: "outer$ ", HISTFILE: "", ...options.env };
    const terminal = new OuterTerminal("/bin/bash", ["--norc", "--noprofile", "-i"], { ...options, env });
    await terminal.shows(/outer\$ $/);
    // Its own modes for line editing must not be mistaken for what a program left.
    terminal.type("bind 'set enable-bracketed-paste off'\r");
    await terminal.shows(/outer\$ $/);
    return terminal;
  }

  get pid(): number {
    return this.#pty.pid;
  }

  /** All that was shown since the last `type` or `forget`, escape sequences included. */
  get shown(): string {
    return this.#shown;
  }

  get exited(): Promise<number> {
    return this.#exited;
  }

  type(text: string): void {
    this.#shown = "";
    this.#pty.write(text);
  }

  /** Types without forgetting what was shown, as one key after the other. */
  press(text: string): void {
    this.#pty.write(text);
  }

  forget(): void {
    this.#shown = "";
  }

  resize(columns: number, rows: number): void {
    this.#pty.resize(columns, rows);
  }

  /** Waits until what is shown matches. */
  async shows(pattern: RegExp, patienceMs: number = PATIENCE_MS): Promise<RegExpExecArray> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const match = pattern.exec(this.#shown);
      if (match !== null) return match;
      const left = deadline - performance.now();
      if (left <= 0 || this.#status !== undefined) {
        const what = this.#status === undefined ? "in time" : `before the end (status ${this.#status})`;
        throw new Error(`no ${String(pattern)} ${what}: ${JSON.stringify(this.#shown.slice(-2_000))}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#changed.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Types a command line of a shell, waits for `pattern` on what follows its echo. */
  async command(line: string, pattern: RegExp): Promise<RegExpExecArray> {
    this.type(`${line}\r`);
    await this.shows(/\r\n/);
    this.#shown = this.#shown.slice(this.#shown.indexOf("\r\n") + 2);
    return await this.shows(pattern);
  }

  /** At the prompt of `shell`: what `stty -a` says, but for the size. */
  async modes(): Promise<string> {
    await this.command("stty -a", /outer\$ $/);
    return this.#shown.replace(/^speed.*$/m, "").replace(/outer\$ $/, "");
  }

  /** A signal; SIGSTOP and SIGCONT among them. */
  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    if (this.#status === undefined) this.#pty.kill(signal);
  }

  /** The window is closed: nobody has the terminal any more. */
  hangUp(): void {
    (this.#pty as NodePty.IPty & { destroy(): void }).destroy();
  }

  #wake(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const wake of waiting) wake();
  }
}
