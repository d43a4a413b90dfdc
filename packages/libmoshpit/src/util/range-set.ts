import { UsageError } from "./errors.js";

/** The integers from `start` to `end - 1`; never empty. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A set of non-negative integers that lie mostly in runs. Costs grow with the number of runs, not of members. */
export class RangeSet {
  #runs: Range[] = [];

  /** The runs, ascending, never adjacent. */
  get ranges(): readonly Range[] {
    return this.#runs;
  }

  get size(): number {
    return this.#runs.reduce((sum, run) => sum + run.end - run.start, 0);
  }

  has(value: number): boolean {
    const run = this.#runs[this.#firstEndingAbove(value)];
    return run !== undefined && run.start <= value;
  }

  /** Adds one integer; says whether it was not there yet. */
  add(value: number): boolean {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new UsageError(`not a member of a range set: ${value}`);
    const at = this.#firstEndingAbove(value);
    const above = this.#runs[at];
    if (above !== undefined && above.start <= value) return false;
    const below = this.#runs[at - 1];
    const joinsBelow = below?.end === value;
    const joinsAbove = above?.start === value + 1;
    const run: Range = { start: joinsBelow ? below.start : value, end: joinsAbove ? above.end : value + 1 };
    this.#runs.splice(joinsBelow ? at - 1 : at, (joinsBelow ? 1 : 0) + (joinsAbove ? 1 : 0), run);
    return true;
  }

  /** Removes every member below `bound`. */
  removeBelow(bound: number): void {
    const keep = this.#runs.slice(this.#firstEndingAbove(bound));
    const first = keep[0];
    if (first !== undefined && first.start < bound) keep[0] = { start: bound, end: first.end };
    this.#runs = keep;
  }

  /** The runs of integers in [start, end) that are not members. */
  gaps(start: number, end: number): Range[] {
    const gaps: Range[] = [];
    let at = start;
    for (const run of this.#runs.slice(this.#firstEndingAbove(start))) {
      if (run.start >= end) break;
      if (run.start > at) gaps.push({ start: at, end: run.start });
      at = run.end;
    }
    if (at < end) gaps.push({ start: at, end });
    return gaps;
  }

  /** Index of the first run whose end lies above `value`; the number of runs if there is none. */
  #firstEndingAbove(value: number): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#runs[middle]?.end ?? 0) > value) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
