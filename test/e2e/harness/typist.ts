import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { OuterTerminal, TerminalOptions } from "./terminal.js";
import type { World } from "./world.js";

/** A person who types a known text into `cat > file` at the far end of an `mp`, key by key. */
export class Typist {
  readonly terminal: OuterTerminal;
  readonly #file: string;
  #typed = "";
  #line = 0;

  private constructor(terminal: OuterTerminal, file: string) {
    this.terminal = terminal;
    this.#file = file;
  }

  /** `host` as mp is told it. */
  static async at(world: World, host: string, options: TerminalOptions = {}): Promise<Typist> {
    const file = world.path("typed");
    const args = [`${world.user}@${host}`];
    const terminal = world.mpTerminal(`printf 'rea''dy\\n'; exec cat > ${file}`, { ...options, args });
    await terminal.shows(/ready\r\n/);
    return new Typist(terminal, file);
  }

  /** What `cat` was given so far: whole lines. */
  get arrived(): string {
    return readFileSync(this.#file, "utf8");
  }

  /** What it is to be given when everything has arrived. */
  get typed(): string {
    return this.#typed;
  }

  /** Numbered lines for this long, at this many keys a second; ends with a whole line. */
  async types(milliseconds: number, keysPerSecond = 20): Promise<void> {
    const start = performance.now();
    let keys = 0;
    while (performance.now() - start < milliseconds) {
      const line = `line ${this.#line++}: the quick brown fox`;
      for (const key of line) {
        await sleep(Math.max(0, start + (++keys * 1_000) / keysPerSecond - performance.now()));
        this.terminal.press(key);
      }
      this.terminal.press("\r");
      this.#typed += `${line}\n`;
    }
  }

  /** Waits until everything has arrived; milliseconds that it took. Rejects after `patienceMs`. */
  async settles(patienceMs: number): Promise<number> {
    const start = performance.now();
    while (this.arrived !== this.#typed) {
      const waited = performance.now() - start;
      if (waited > patienceMs)
        throw new Error(
          `not after ${patienceMs} ms: ${this.arrived.length} of ${this.#typed.length} octets, mp showed ${JSON.stringify(this.terminal.shown.slice(-500))}`,
        );
      await sleep(5);
    }
    return performance.now() - start;
  }

  /** Ends the input: the status of mp, with everything in the file. */
  async ends(): Promise<number> {
    this.terminal.press("\x04");
    return await this.terminal.exited;
  }
}
