import type { LogRecord } from "./format.js";

/** Where records go; each decides itself what it takes. */
export type LogOutput = (record: LogRecord) => void;

/**
 * Hands records to outputs through pino. It is loaded when the event loop first comes round, so that a start does not
 * wait for it; until then records are kept.
 */
export class PinoSink {
  readonly #outputs: readonly LogOutput[];
  #waiting: LogRecord[] = [];
  #write: ((record: LogRecord) => void) | undefined;
  #loading: Promise<void> | undefined;

  constructor(outputs: readonly LogOutput[]) {
    this.#outputs = outputs;
  }

  write(record: LogRecord): void {
    if (this.#write !== undefined) {
      this.#write(record);
      return;
    }
    this.#waiting.push(record);
    void this.flush();
  }

  /** Resolves when everything written so far has reached the outputs. */
  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    this.#loading ??= this.#load().catch((error: unknown) => this.#doWithout(error));
    await this.#loading;
  }

  /** A log must not fail: what can not go through pino goes to the outputs as it is, with the reason before it. */
  #doWithout(error: unknown): void {
    const message = `the logging library can not be loaded: ${String(error)}`;
    const write = (record: LogRecord): void => this.#outputs.forEach((output) => output(record));
    const [first] = this.#waiting;
    if (first !== undefined) write({ ...first, level: "error", message });
    this.#start(write);
  }

  #start(write: (record: LogRecord) => void): void {
    this.#write = write;
    const waiting = this.#waiting;
    this.#waiting = [];
    waiting.forEach(write);
  }

  async #load(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const { default: pino } = await import("pino");
    const streams = this.#outputs.map((output) => ({
      level: "trace" as const,
      stream: { write: (line: string) => output((JSON.parse(line) as { record: LogRecord }).record) },
    }));
    const logger = pino({ level: "trace", base: null, timestamp: false }, pino.multistream(streams));
    this.#start((record) => logger[record.level]({ record }));
  }
}
