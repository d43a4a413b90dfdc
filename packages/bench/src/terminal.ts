import { spawn, type IPty } from "node-pty";

/** A program in a terminal of its own, typed at and read by a bench. */
export class BenchTerminal {
  readonly #pty: IPty;
  readonly exited: Promise<void>;
  #output = "";
  #waiting: { found: () => boolean; resolve: () => void } | undefined;

  constructor(argv: readonly string[], env: Readonly<Record<string, string>>) {
    const [file = "", ...args] = argv;
    this.#pty = spawn(file, args, {
      name: "xterm-256color",
      cols: 80,
      rows: 24,
      env: { ...env, TERM: "xterm-256color" },
    });
    this.#pty.onData((text) => {
      this.#output += text;
      if (this.#waiting?.found() === true) this.#waiting.resolve();
    });
    this.exited = new Promise((resolve) => this.#pty.onExit(() => resolve()));
  }

  get pid(): number {
    return this.#pty.pid;
  }

  type(text: string): void {
    this.#pty.write(text);
  }

  /** Forgets what was read. */
  clear(): void {
    this.#output = "";
  }

  /** Until `text` has been read since the last `clear`. Throws after `limitMs`. */
  async until(text: string, limitMs: number): Promise<void> {
    const found = (): boolean => this.#output.includes(text);
    if (found()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting = undefined;
        reject(
          new Error(
            `no ${JSON.stringify(text)} within ${limitMs} ms; read ${JSON.stringify(this.#output.slice(-400))}`,
          ),
        );
      }, limitMs);
      this.#waiting = {
        found,
        resolve: () => {
          clearTimeout(timer);
          this.#waiting = undefined;
          resolve();
        },
      };
    });
  }

  async end(): Promise<void> {
    this.#pty.kill("SIGHUP");
    await Promise.race([this.exited, new Promise((resolve) => setTimeout(resolve, 2_000))]);
  }
}
