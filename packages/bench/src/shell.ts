import { prose, type Rhythm, SeededRandom } from "testkit";
import type { Peer } from "./peers.js";
import { BenchTerminal, pause } from "./terminal.js";

const CONNECT_LIMIT_MS = 60_000;
const ECHO_LIMIT_MS = 60_000;
const KILL_LINE = "\x15";
/** No history of the person's own shell is touched, and no prompt has letters. */
const PREPARE = "unset HISTFILE PROMPT_COMMAND; PS1='> '; printf '%s%s\\n' re ady\r";
const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** Keys of a line. */
export const LINE: number = LETTERS.length;

/** A peer's shell with its prompt, and a person at it. */
export class Shell {
  readonly terminal: BenchTerminal;
  readonly random: SeededRandom;
  #lines = 0;

  private constructor(terminal: BenchTerminal, seed: number) {
    this.terminal = terminal;
    this.random = new SeededRandom(seed);
  }

  static async open(peer: Peer, seed: number): Promise<Shell> {
    const shell = new Shell(new BenchTerminal(peer.client, peer.environment), seed);
    shell.terminal.type(PREPARE);
    await shell.terminal.until("ready", CONNECT_LIMIT_MS);
    await pause(500);
    return shell;
  }

  /**
   * The letters of the next line: each once, and none that the line before had, so that whatever a client draws again,
   * a letter is a key's echo.
   */
  letters(): string[] {
    const letters = [...(this.#lines++ % 2 === 0 ? LETTERS : LETTERS.toUpperCase())];
    for (let i = letters.length - 1; i > 0; i--) {
      const other = this.random.below(i + 1);
      [letters[i], letters[other]] = [letters[other] ?? "", letters[i] ?? ""];
    }
    return letters;
  }

  /** Types a key; the milliseconds until its echo, Infinity if there is none within a minute. */
  async press(key: string): Promise<number> {
    return await this.terminal.press(key, ECHO_LIMIT_MS);
  }

  /** The time from one key to the next passes. */
  async rest(rhythm: Rhythm = prose): Promise<void> {
    await pause(rhythm(this.random) / 1_000);
  }

  /** Runs a command line to its end. Throws after a minute. */
  async run(command: string): Promise<void> {
    this.terminal.clear();
    this.terminal.type(`${command}; printf '%s%s\\n' do ne\r`);
    await this.terminal.until("done", CONNECT_LIMIT_MS);
  }

  /** Removes what was typed since the prompt: one more keystroke. */
  killLine(): void {
    this.terminal.type(KILL_LINE);
  }

  /**
   * Types lines whether or not echoes come, and waits for the last echo of each line; then the line is removed by one
   * more keystroke. The milliseconds from each key to its echo; a key without one ends the typing.
   */
  async typeLines(count: number, rhythm: Rhythm = prose): Promise<number[]> {
    const latencies: number[] = [];
    for (let line = 0; line < count; line++) {
      const echoes: Promise<number>[] = [];
      for (const key of this.letters()) {
        echoes.push(this.press(key));
        await this.rest(rhythm);
      }
      latencies.push(...(await Promise.all(echoes)));
      if (latencies.includes(Infinity)) break;
      this.killLine();
      await this.rest(rhythm);
    }
    return latencies;
  }

  async end(): Promise<void> {
    await this.terminal.end();
  }
}
