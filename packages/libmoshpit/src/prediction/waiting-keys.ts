import { after, NEVER, type Micros } from "../util/index.js";
import type { Key } from "./keys.js";
import { PATIENCE } from "./limits.js";

/** A key that the screen does not show yet. */
export interface WaitingKey {
  readonly key: Key;
  /** Octets of input up to and with it. */
  readonly end: number;
  readonly typedAt: Micros;
  epoch: number;
  /** Since when output should show it. */
  coveredAt: Micros | undefined;
  /** Typed while the screen contradicted the guesses. */
  shy: boolean;
  wasShown: boolean;
}

/** The keys that wait to be seen on the screen, in the order typed. */
export class WaitingKeys {
  #keys: WaitingKey[] = [];
  #reflected = 0;
  /** The text of the keys since the last line was sent that wait no longer. */
  #gone = "";

  get all(): readonly WaitingKey[] {
    return this.#keys;
  }

  get count(): number {
    return this.#keys.length;
  }

  /** Octets of input that output reflects. */
  get reflected(): number {
    return this.#reflected;
  }

  /** How many output should show. */
  get covered(): number {
    const first = this.#keys.findIndex(({ coveredAt }) => coveredAt === undefined);
    return first === -1 ? this.#keys.length : first;
  }

  /** When the first was typed. */
  get oldest(): Micros | undefined {
    return this.#keys[0]?.typedAt;
  }

  /** When the first should be on the screen at the latest. */
  get deadline(): Micros {
    const covered = this.#keys[0]?.coveredAt;
    return covered === undefined ? NEVER : after(covered, PATIENCE);
  }

  /** The text typed since a line was sent. */
  get text(): string {
    return this.#gone + textOf(this.#keys);
  }

  /** The key at this place; where there is none, one that nobody can guess. */
  keyAt(index: number): Key {
    return this.#keys[index]?.key ?? { type: "other" };
  }

  add(now: Micros, key: Key, end: number, epoch: number, shy: boolean): void {
    const coveredAt = end <= this.#reflected ? now : undefined;
    this.#keys.push({ key, end, typedAt: now, epoch, coveredAt, shy, wasShown: false });
  }

  /** Output reflects so many octets of input. */
  cover(now: Micros, input: number): void {
    this.#reflected = Math.max(this.#reflected, input);
    for (const waiting of this.#keys) {
      if (waiting.end > this.#reflected) break;
      waiting.coveredAt ??= now;
    }
  }

  /** How many of the first should have been on the screen by now; `alone`: all that are covered. */
  overdue(now: Micros, alone: boolean): number {
    const first = this.#keys.findIndex(
      ({ coveredAt }) => coveredAt === undefined || (!alone && now < after(coveredAt, PATIENCE)),
    );
    return first === -1 ? this.#keys.length : first;
  }

  /** Takes the first keys away. */
  take(count: number): readonly WaitingKey[] {
    const taken = this.#keys.splice(0, count);
    const sent = taken.findLastIndex(({ key }) => key.type === "line-end");
    this.#gone = (sent === -1 ? this.#gone : "") + textOf(taken.slice(sent + 1));
    return taken;
  }

  /** Forgets all, and takes what was typed as reflected. */
  clear(typed: number): void {
    this.#keys = [];
    this.#gone = "";
    this.#reflected = typed;
  }
}

function textOf(keys: readonly WaitingKey[]): string {
  return keys.map(({ key }) => (key.type === "text" ? key.text : "")).join("");
}
