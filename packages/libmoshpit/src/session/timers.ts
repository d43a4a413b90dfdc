import { NEVER, type Micros } from "../util/index.js";

/** Named deadlines, of which the earliest is the machine's one deadline. */
export class Timers<Name extends string> {
  readonly #deadlines = new Map<Name, Micros>();

  /** Arms or moves a timer; `NEVER` disarms it. */
  set(name: Name, at: Micros): void {
    if (at === NEVER) this.#deadlines.delete(name);
    else this.#deadlines.set(name, at);
  }

  clear(name: Name): void {
    this.#deadlines.delete(name);
  }

  clearAll(): void {
    this.#deadlines.clear();
  }

  /** When this timer is due; `NEVER` if it is not armed. */
  at(name: Name): Micros {
    return this.#deadlines.get(name) ?? NEVER;
  }

  /** The earliest deadline, `NEVER` if none is armed. */
  get next(): Micros {
    let next = NEVER;
    for (const at of this.#deadlines.values()) if (at < next) next = at;
    return next;
  }

  /** Disarms the timers that are due and names them, the earliest first. */
  takeDue(now: Micros): Name[] {
    const due = [...this.#deadlines].filter(([, at]) => at <= now).sort(([, a], [, b]) => a - b);
    for (const [name] of due) this.#deadlines.delete(name);
    return due.map(([name]) => name);
  }
}
