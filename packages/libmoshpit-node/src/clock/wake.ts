/** How often the two clocks are compared; milliseconds. */
const TICK_MS = 1_000;
/** A tick that is later than this by either clock was slept through, or the process was stopped; milliseconds. */
const MOST_LATE_MS = 2_000;
/** Turns of the event loop; a turn reads some thirty datagrams of a socket, and a silent client is sent fewer than these. */
const TURNS_TO_READ = 16;

/** What the watch looks at: milliseconds of a clock that goes on while the machine sleeps. */
export type WallClock = () => number;

/**
 * Tells when the machine slept or the process was stopped. The monotonic clock stands still while a machine sleeps, the
 * wall clock does not, and a stopped process misses its ticks.
 */
export class WakeWatch {
  readonly #woke: () => void;
  readonly #clock: WallClock;
  readonly #timer: NodeJS.Timeout;
  #last: number;
  #telling: NodeJS.Immediate | undefined;

  constructor(woke: () => void, clock: WallClock = Date.now) {
    this.#woke = woke;
    this.#clock = clock;
    this.#last = clock();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    clearImmediate(this.#telling);
  }

  /** A clock that was set back says nothing. */
  #tick(): void {
    const at = this.#clock();
    const late = at - this.#last - TICK_MS;
    this.#last = at;
    if (late > MOST_LATE_MS) this.#tellIn(TURNS_TO_READ);
  }

  /** What waits in sockets since before is read first: it is no sign that anybody is there now. */
  #tellIn(turns: number): void {
    clearImmediate(this.#telling);
    this.#telling = setImmediate(() => {
      if (turns > 1) this.#tellIn(turns - 1);
      else this.#woke();
    });
  }
}
