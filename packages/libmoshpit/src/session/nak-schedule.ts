import { after, micros, NEVER, RangeSet, type Micros, type Range } from "../util/index.js";
import { MAX_NAK_INTERVAL, MAX_NAK_REPORTS, MAX_RANGE_PAIRS, STEADY_NAK_REPORTS } from "../wire/index.js";

interface Missing {
  reports: number;
  dueAt: Micros;
}

/**
 * When each missing sequence number is reported: after the reorder delay, three times more after the interval,
 * then with the interval doubling, ten times in all. spec/07-recovery.md, TR-NAK.
 */
export class NakSchedule {
  readonly #missing = new Map<number, Missing>();

  /** The earliest report that is due. */
  get nextAt(): Micros {
    let next = NEVER;
    for (const { dueAt } of this.#missing.values()) if (dueAt < next) next = dueAt;
    return next;
  }

  /** Brings the schedule in line with what is missing now. */
  update(now: Micros, missing: readonly Range[], reorderDelay: Micros): void {
    if (missing.length === 0) {
      this.#missing.clear();
      return;
    }
    const still = new Set<number>();
    for (const { start, end } of missing) {
      for (let sequence = start; sequence < end; sequence++) {
        still.add(sequence);
        if (!this.#missing.has(sequence)) {
          this.#missing.set(sequence, { reports: 0, dueAt: after(now, reorderDelay) });
        }
      }
    }
    for (const sequence of this.#missing.keys()) if (!still.has(sequence)) this.#missing.delete(sequence);
  }

  /** What is to be reported now, at most what one Nak holds; each is counted as reported. */
  take(now: Micros, interval: Micros): readonly Range[] {
    const due = new RangeSet();
    for (const [sequence, missing] of this.#missing) if (missing.dueAt <= now) due.add(sequence);
    const ranges = due.ranges.slice(0, MAX_RANGE_PAIRS);
    for (const { start, end } of ranges) {
      for (let sequence = start; sequence < end; sequence++) this.#reported(sequence, now, interval);
    }
    return ranges;
  }

  #reported(sequence: number, now: Micros, interval: Micros): void {
    const missing = this.#missing.get(sequence);
    if (missing === undefined) return;
    missing.reports += 1;
    const doublings = Math.max(0, missing.reports - STEADY_NAK_REPORTS);
    const wait = micros(Math.min(interval * 2 ** doublings, MAX_NAK_INTERVAL));
    missing.dueAt = missing.reports < MAX_NAK_REPORTS ? after(now, wait) : NEVER;
  }
}
