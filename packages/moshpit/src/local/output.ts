import type { Writable } from "node:stream";
import { PatientOutput, type TerminalGuard } from "libmoshpit-node/tty";

const LINE_FEED = 0x0a;

/** Standard output and standard error, and the lines that `mp` itself has for the person. */
export class LocalOutput {
  readonly #stdout: PatientOutput;
  readonly #stderr: PatientOutput;
  readonly #guard: TerminalGuard | undefined;
  /** Whether the remote program's output stopped in the middle of a line. */
  #inLine = false;

  /** `gone` is called when nobody reads standard output any more. */
  constructor(
    stdout: Writable,
    stderr: Writable,
    guard: TerminalGuard | undefined,
    gone: (error: NodeJS.ErrnoException) => void,
  ) {
    this.#guard = guard;
    this.#stdout = new PatientOutput(stdout, gone);
    // Whoever closes standard error does not want to know.
    this.#stderr = new PatientOutput(stderr, () => undefined);
  }

  /** Output of the remote program. */
  write(bytes: Uint8Array, standardError: boolean, taken: () => void): void {
    this.#guard?.observe(bytes);
    this.#inLine = bytes.at(-1) !== LINE_FEED;
    (standardError ? this.#stderr : this.#stdout).write(bytes, taken);
  }

  /** One line of `mp` for the person, on standard error; on a terminal it starts a line. */
  say(text: string): void {
    const start = this.#guard !== undefined && this.#inLine ? "\n" : "";
    this.#inLine = false;
    const line = `${start}mp: ${text}\n`;
    this.#stderr.write(Buffer.from(this.#guard?.raw === true ? line.replaceAll("\n", "\r\n") : line));
  }

  bell(): void {
    this.#stderr.write(Buffer.from("\x07"));
  }

  async flushed(): Promise<void> {
    await Promise.all([this.#stdout.flushed(), this.#stderr.flushed()]);
  }
}
