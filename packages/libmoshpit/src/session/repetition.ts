import { after, elapsed, micros, NEVER, type Micros } from "../util/index.js";
import {
  FIRST_OF_THREE_REPEATS,
  FIRST_REPEAT,
  HIGH_LOSS_REPEAT_RATE,
  ONE_REPEAT_LOSS,
  REPEAT_DEPTH,
  REPEAT_RATE,
  SECOND_OF_THREE_REPEATS,
  SECOND_REPEAT,
  THIRD_OF_THREE_REPEATS,
  THREE_REPEATS_LOSS,
  TWO_REPEATS_LOSS,
} from "../wire/index.js";

/** From which loss, in percent, when repetitions follow. The first that applies. */
const SCHEDULES: readonly { readonly loss: number; readonly offsets: readonly Micros[] }[] = [
  {
    loss: THREE_REPEATS_LOSS,
    offsets: [FIRST_OF_THREE_REPEATS, SECOND_OF_THREE_REPEATS, THIRD_OF_THREE_REPEATS],
  },
  { loss: TWO_REPEATS_LOSS, offsets: [FIRST_REPEAT, SECOND_REPEAT] },
  { loss: ONE_REPEAT_LOSS, offsets: [FIRST_REPEAT] },
];

/**
 * When what is small is sent again before anything is known of its fate, and how many octets that may take: a key
 * or its echo that is lost costs a few milliseconds, not a round trip. spec/07-recovery.md, TR-REPEAT.
 */
export class Repetition {
  #due: readonly Micros[] = [];
  #tokens: number = REPEAT_DEPTH;
  #filledAt: Micros;

  constructor(now: Micros) {
    this.#filledAt = now;
  }

  /** When the next repetition is due. */
  get nextAt(): Micros {
    return this.#due[0] ?? NEVER;
  }

  /** New frames left, and all that is unacknowledged with them, on a path with that loss in percent. */
  begin(now: Micros, loss: number): void {
    const schedule = SCHEDULES.find((each) => loss >= each.loss);
    this.#due = (schedule?.offsets ?? []).map((offset) => after(now, offset));
  }

  /** Nothing is to be repeated any more. */
  cancel(): void {
    this.#due = [];
  }

  /** What was due until now is dealt with, whether it leaves or not. */
  skip(now: Micros): void {
    this.#due = this.#due.filter((at) => at > now);
  }

  /** Takes the octets of a repetition from the budget, if it holds them. */
  afford(now: Micros, octets: number, loss: number): boolean {
    const rate = loss >= THREE_REPEATS_LOSS ? HIGH_LOSS_REPEAT_RATE : REPEAT_RATE;
    const filled = (elapsed(this.#filledAt, now) * rate) / 1_000_000;
    this.#tokens = Math.min(REPEAT_DEPTH, this.#tokens + filled);
    this.#filledAt = micros(now);
    if (this.#tokens < octets) return false;
    this.#tokens -= octets;
    return true;
  }
}
