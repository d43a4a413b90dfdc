/** Lines of one kind that pass within one window. */
const BURST = 5;
const WINDOW_MS = 60_000;
/** Kinds told apart; all others share one allowance, so that memory is bounded. */
const MOST_KEYS = 256;
const SHARED_KEY = "";

interface Window {
  readonly endsAt: number;
  passed: number;
  held: number;
  summarize: (held: number) => void;
}

/**
 * Lets a few messages of a kind through and counts the rest, so that strangers can not fill a log. Time in milliseconds
 * comes in as an argument.
 */
export class FloodGate {
  readonly #windows: Map<string, Window> = new Map();

  /** Whether this message is to be written; if not, `summarize` is called with the count when the minute is over. */
  passes(now: number, key: string, summarize: (held: number) => void): boolean {
    this.end(now);
    const known = this.#windows.has(key) || this.#windows.size < MOST_KEYS ? key : SHARED_KEY;
    const window = this.#windows.get(known) ?? { endsAt: now + WINDOW_MS, passed: 0, held: 0, summarize };
    this.#windows.set(known, window);
    if (window.passed < BURST) {
      window.passed += 1;
      return true;
    }
    window.held += 1;
    window.summarize = summarize;
    return false;
  }

  /** Ends the windows that are over. */
  end(now: number): void {
    for (const [key, window] of this.#windows) {
      if (window.endsAt > now) continue;
      this.#windows.delete(key);
      if (window.held > 0) window.summarize(window.held);
    }
  }

  /** When the first window ends that holds messages back; undefined if none does. */
  nextEnd(): number | undefined {
    const ends = [...this.#windows.values()]
      .filter((window) => window.held > 0)
      .map((window) => window.endsAt);
    return ends.length === 0 ? undefined : Math.min(...ends);
  }
}
