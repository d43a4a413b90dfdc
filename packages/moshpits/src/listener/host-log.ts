import { LOG_RECORD_LEVELS } from "libmoshpit-node/host-link";
import type { Log } from "libmoshpit-node/log";
import { printable } from "libmoshpit/handshake";
import { HOST_LOG_LINES } from "./limits.js";

/** What a host has to say for the log. It is its user's: it gets a share and no more. */
export class HostLog {
  readonly #log: Log;
  readonly #whose: string;
  #minute = 0;
  #count = 0;

  constructor(log: Log, whose: string) {
    this.#log = log.child({ target: "host" });
    this.#whose = whose;
  }

  /** One line, at a level as in LogRecord. */
  relay(level: number, text: string): void {
    const minute = Math.floor(performance.now() / 60_000);
    if (minute !== this.#minute) [this.#minute, this.#count] = [minute, 0];
    this.#count += 1;
    if (this.#count <= HOST_LOG_LINES) {
      this.#log.write(LOG_RECORD_LEVELS[level - 1] ?? "info", `${this.#whose} ${printable(text)}`);
    } else if (this.#count === HOST_LOG_LINES + 1) {
      this.#log.warn(`${this.#whose} logs too much: the rest of this minute is left out`);
    }
  }
}
