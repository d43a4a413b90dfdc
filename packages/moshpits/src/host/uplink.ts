import {
  LOG_RECORD_LEVELS,
  type HostLink,
  type HostLinkMessageInit,
  type LogRecordLevel,
} from "libmoshpit-node/host-link";

/** Log lines that wait for a listener: so many, and no more characters. */
const MAX_LINES = 100;
const MAX_CHARACTERS = 50_000;
/** Of no interest later. */
const DETAILS: ReadonlySet<LogRecordLevel> = new Set(["debug", "trace"]);
const TARGET = "moshpits::host";

interface Line {
  readonly level: number;
  readonly text: string;
}

/**
 * The listener of a host, if there is one. What is for its log waits for the next one, the latest lines at least;
 * answers to a listener that is gone are dropped.
 */
export class Uplink {
  #link: HostLink | undefined;
  #lines: Line[] = [];
  #characters = 0;
  #lost = 0;

  /** Undefined while there is no listener. */
  get link(): HostLink | undefined {
    return this.#link;
  }

  /** From now on that is the listener: the former's link ends, and what has waited is told. */
  connect(link: HostLink): void {
    const former = this.#link;
    this.#link = link;
    former?.close();
    const lines = this.#lines;
    if (this.#lost > 0) this.#log(2, `${this.#lost} log lines were dropped while no listener was there`);
    this.#lines = [];
    this.#characters = 0;
    this.#lost = 0;
    for (const { level, text } of lines) this.#log(level, text);
  }

  /** That link has ended; whether it was the listener's. */
  disconnect(link: HostLink): boolean {
    if (this.#link !== link) return false;
    this.#link = undefined;
    return true;
  }

  send(message: HostLinkMessageInit): void {
    if (this.#link !== undefined) this.#link.send(message);
    else if (message.case === "logRecord") this.#keep(message.value.level ?? 0, message.value.text ?? "");
    else if (message.case === "sessionEnded") this.#keep(INFO, message.value.text ?? "");
  }

  /** What was sent leaves, then the link ends. */
  close(): void {
    this.#link?.close();
  }

  #log(level: number, text: string): void {
    this.#link?.send({ case: "logRecord", value: { level, target: TARGET, text } });
  }

  #keep(level: number, text: string): void {
    if (DETAILS.has(LOG_RECORD_LEVELS[level - 1] ?? "info")) return;
    const line = { level, text: `at ${new Date().toISOString()}: ${text.slice(0, MAX_TEXT)}` };
    this.#lines.push(line);
    this.#characters += line.text.length;
    while (this.#lines.length > MAX_LINES || this.#characters > MAX_CHARACTERS) {
      this.#characters -= this.#lines.shift()?.text.length ?? 0;
      this.#lost += 1;
    }
  }
}

const INFO = LOG_RECORD_LEVELS.indexOf("info") + 1;
/** With the time before it within the bound of a LogRecord. */
const MAX_TEXT = 4_000;
