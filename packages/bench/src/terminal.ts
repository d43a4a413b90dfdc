import { spawn, type IPty } from "node-pty";
import { PlainText } from "./echo.js";

/** What is read after a deadline may still be of interest in an error. */
const SHOWN = 400;

/** A program in a terminal of its own, typed at and read by a bench. */
export class BenchTerminal {
  readonly #pty: IPty;
  readonly exited: Promise<void>;
  readonly #plain = new PlainText();
  readonly #awaited = new Map<string, (at: number) => void>();
  #output = "";
  #arrived: (() => void) | undefined;

  constructor(argv: readonly string[], env: Readonly<Record<string, string>>) {
    const [file = "", ...args] = argv;
    this.#pty = spawn(file, args, {
      name: "xterm-256color",
      cols: 80,
      rows: 24,
      env: { ...env, TERM: "xterm-256color" },
    });
    this.#pty.onData((text) => this.#read(text));
    this.exited = new Promise((resolve) => this.#pty.onExit(() => resolve()));
  }

  get pid(): number {
    return this.#pty.pid;
  }

  type(text: string): void {
    this.#pty.write(text);
  }

  /**
   * Types a character and answers the milliseconds until the program printed it. Others may be typed meanwhile, but not
   * the same, and it must not be on the screen: a client may draw that again. Infinity after `limitMs`.
   */
  async press(character: string, limitMs: number): Promise<number> {
    const start = performance.now();
    const echoed = this.printed(character, limitMs);
    this.type(character);
    return (await echoed) - start;
  }

  /** When the program next prints a character; milliseconds of `performance.now()`. Infinity after `limitMs`. */
  async printed(character: string, limitMs: number): Promise<number> {
    if (this.#awaited.has(character)) throw new Error(`${character} is awaited already`);
    return await new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#awaited.delete(character);
        resolve(Infinity);
      }, limitMs);
      this.#awaited.set(character, (at) => {
        clearTimeout(timer);
        resolve(at);
      });
    });
  }

  /** Forgets what was read. */
  clear(): void {
    this.#output = "";
  }

  /** Until `text` has been read since the last `clear`. Throws after `limitMs`. */
  async until(text: string, limitMs: number): Promise<void> {
    const found = new Promise<void>((resolve) => {
      this.#arrived = (): void => {
        if (this.#output.includes(text)) resolve();
      };
      this.#arrived();
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`no ${JSON.stringify(text)} within ${limitMs} ms; read ${this.#tail()}`)),
        limitMs,
      );
    });
    try {
      await Promise.race([found, late]);
    } finally {
      clearTimeout(timer);
      this.#arrived = undefined;
    }
  }

  async end(): Promise<void> {
    this.#pty.kill("SIGHUP");
    await Promise.race([this.exited, pause(2_000)]);
  }

  #read(text: string): void {
    const at = performance.now();
    for (const character of this.#plain.push(text)) {
      const awaited = this.#awaited.get(character);
      this.#awaited.delete(character);
      awaited?.(at);
    }
    // A flood is read for an hour: only what `until` may look for is kept.
    this.#output = (this.#output + text).slice(-100_000);
    this.#arrived?.();
  }

  #tail(): string {
    return JSON.stringify(this.#output.slice(-SHOWN));
  }
}

/** Milliseconds from now. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
