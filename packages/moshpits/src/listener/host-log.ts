import { LOG_RECORD_LEVELS, type LogRecord } from "libmoshpit-node/host-link";
import type { Log } from "libmoshpit-node/log";
import { printable } from "libmoshpit/handshake";
import { HOST_LOG_LINES } from "./limits.js";

/** What a host has to say for the log. It is its user's: it gets a share and no more. */
export class HostLog {
  readonly #log: Log;
  readonly #whose: string;
  readonly #processId: number;
  #minute = 0;
  #count = 0;

  constructor(log: Log, whose: string, processId: number) {
    this.#log = log.child({ target: "host" });
    this.#whose = whose;
    this.#processId = processId;
  }

  /** One line. */
  relay({ level, text, where }: LogRecord): void {
    const minute = Math.floor(performance.now() / 60_000);
    if (minute !== this.#minute) [this.#minute, this.#count] = [minute, 0];
    this.#count += 1;
    if (this.#count <= HOST_LOG_LINES) {
      this.#log.writeForwarded({
        level: LOG_RECORD_LEVELS[level - 1] ?? "info",
        message: `${this.#whose} ${printable(text)}`,
        origin: { role: "host", processId: this.#processId, workerId: 0 },
        ...(where === "" ? {} : { where: printable(where) }),
      });
    } else if (this.#count === HOST_LOG_LINES + 1) {
      this.#log.warn(`${this.#whose} logs too much: the rest of this minute is left out`);
    }
  }
}
