import { after, elapsed, NEVER, type Micros } from "../util/index.js";
import { GLITCH_AFTER, GLITCH_MEMORY, HIDE_AT, PLAIN_AT, SHOW_ABOVE, UNDERLINE_ABOVE } from "./limits.js";

/** When predictions are shown. */
export type PredictionMode = "adaptive" | "always" | "never";

/** Whether the link is slow enough to show predictions, and to underline them. spec/09-prediction.md, 9.6. */
export class Visibility {
  readonly #mode: PredictionMode;
  #slow = false;
  #verySlow = false;
  #glitchUntil: Micros | undefined;

  constructor(mode: PredictionMode) {
    this.#mode = mode;
  }

  get shown(): boolean {
    if (this.#mode !== "adaptive") return this.#mode === "always";
    return this.#slow || this.#glitchUntil !== undefined;
  }

  get underlined(): boolean {
    return this.#verySlow || this.#glitchUntil !== undefined;
  }

  /** The smoothed round trip is this. */
  roundTrip(rtt: Micros): void {
    this.#slow = rtt > (this.#slow ? HIDE_AT : SHOW_ABOVE);
    this.#verySlow = rtt > (this.#verySlow ? PLAIN_AT : UNDERLINE_ABOVE);
  }

  /** `oldest`: when the oldest key was typed that is not reflected; undefined: there is none. */
  waiting(now: Micros, oldest: Micros | undefined): void {
    if (oldest !== undefined && elapsed(oldest, now) >= GLITCH_AFTER) {
      this.#glitchUntil = after(now, GLITCH_MEMORY);
    } else if (this.#glitchUntil !== undefined && now >= this.#glitchUntil) {
      this.#glitchUntil = undefined;
    }
  }

  /** When `waiting` may answer otherwise by itself. */
  deadline(now: Micros, oldest: Micros | undefined): Micros {
    const old = oldest !== undefined && elapsed(oldest, now) >= GLITCH_AFTER;
    if (old) return NEVER;
    const glitch = oldest === undefined ? NEVER : after(oldest, GLITCH_AFTER);
    return Math.min(glitch, this.#glitchUntil ?? NEVER) as Micros;
  }
}
