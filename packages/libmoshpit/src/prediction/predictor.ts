import { sameState, type ScreenState } from "../screen/index.js";
import { after, NEVER, type Micros } from "../util/index.js";
import { Epochs } from "./epochs.js";
import { Guess, type EditStyle } from "./guess.js";
import { KeyReader, type Key } from "./keys.js";
import { MAX_PREDICTED_KEYS, PASTE_OCTETS, PATIENCE } from "./limits.js";
import { LineStarts } from "./line-start.js";
import { isSteadyState, overlayOf } from "./overlay-of.js";
import { NO_OVERLAY, type Overlay } from "./overlay.js";
import { Visibility, type PredictionMode } from "./visibility.js";
import { WaitingKeys, type WaitingKey } from "./waiting-keys.js";

/** How to predict. */
export interface PredictorOptions {
  readonly mode: PredictionMode;
  /** Typed characters always replace others; otherwise that is learned. */
  readonly overwrite?: boolean;
}

/** How the guesses went, counted in keys. */
export interface PredictorCounts {
  /** Shown as soon as it was typed. */
  readonly shown: number;
  readonly confirmed: number;
  /** Shown, and not what came. */
  readonly wrong: number;
}

/**
 * Guesses what the screen will show of what was typed, and shows a guess once the same epoch proved that keys are echoed.
 * Keys wait in the order typed until the server's output reflects them; what is shown is always the newest mirror with the
 * waiting keys done to it. A pure machine: time is an argument. spec/09-prediction.md.
 */
export class Predictor {
  readonly #keys = new KeyReader();
  readonly #visibility: Visibility;
  readonly #lines = new LineStarts();
  readonly #forced: boolean;
  /** Learned, for the normal and the alternate screen. */
  readonly #styles: { normal: EditStyle; alternate: EditStyle };
  readonly #waiting = new WaitingKeys();
  /** The newest screen that agreed with the guesses: they are made on this one. */
  #base: ScreenState | undefined;
  #mirror: ScreenState | undefined;
  #contradictedAt: Micros | undefined;
  readonly #epochs = new Epochs();
  #counts = { shown: 0, confirmed: 0, wrong: 0 };

  constructor({ mode, overwrite = false }: PredictorOptions) {
    this.#visibility = new Visibility(mode);
    this.#forced = overwrite;
    const style = overwrite ? "overwrite" : "insert";
    this.#styles = { normal: style, alternate: style };
  }

  get counts(): PredictorCounts {
    return { ...this.#counts };
  }

  /** Keys that the server's output does not reflect yet. */
  get waiting(): number {
    return this.#waiting.count;
  }

  /** The person typed these octets; they were, or will be, written to the session. */
  typed(now: Micros, bytes: Uint8Array): void {
    const paste = bytes.length > PASTE_OCTETS;
    const keys = this.#keys.read(bytes);
    if (paste && keys.length > 0) {
      // As a whole: nothing in it is worth a guess.
      const sent = keys.some(({ key }) => key.type === "line-end");
      this.#await(now, { type: sent ? "line-end" : "other" }, this.#keys.offset);
    } else {
      for (const { key, end } of keys) this.#await(now, key, end);
    }
    this.#noteShown();
    this.#visibility.waiting(now, this.#waiting.oldest);
  }

  /**
   * The server's output so far, which the mirror shows, reflects the first `input` octets. Call it after each output, and
   * when only the number grew. A number that goes back is ignored.
   */
  reflected(now: Micros, input: number, mirror: ScreenState): void {
    this.#visibility.waiting(now, this.#waiting.oldest);
    const same = this.#mirror !== undefined && sameState(this.#mirror, mirror);
    const alone = same && input > this.#waiting.reflected;
    this.#mirror = mirror;
    this.#waiting.cover(now, input);
    this.#judge(now, alone);
    this.#visibility.waiting(now, this.#waiting.oldest);
  }

  /** The smoothed round trip is this. */
  roundTrip(_now: Micros, rtt: Micros): void {
    this.#visibility.roundTrip(rtt);
  }

  /** The numbering of input begins anew: another session, or another program reads it. Forgets all guesses. */
  reset(): void {
    this.#waiting.clear(this.#keys.offset);
    this.#base = this.#mirror;
    this.#contradictedAt = undefined;
    this.#epochs.begin();
    this.#lines.seek();
  }

  /** What to show over the mirror of the last `reflected`. */
  overlay(): Overlay {
    const base = this.#base;
    const mirror = this.#mirror;
    if (base === undefined || mirror === undefined) return NO_OVERLAY;
    const guess = this.#guess(base);
    if (this.#applyShown(guess, base).length === 0) return NO_OVERLAY;
    return overlayOf(guess, base, mirror, this.#visibility.underlined);
  }

  /** When to call `handleTimeout`. */
  deadline(now: Micros): Micros {
    const contradiction = this.#contradictedAt === undefined ? NEVER : after(this.#contradictedAt, PATIENCE);
    const view = this.#visibility.deadline(now, this.#waiting.oldest);
    return Math.min(contradiction, this.#waiting.deadline, view) as Micros;
  }

  /** Time has passed. Ends guesses that were not confirmed in time. */
  handleTimeout(now: Micros): void {
    if (this.#mirror !== undefined) this.#judge(now, false);
    this.#visibility.waiting(now, this.#waiting.oldest);
  }

  #await(now: Micros, key: Key, end: number): void {
    this.#waiting.add(now, key, end, this.#epochs.current, this.#contradictedAt !== undefined);
    if (endsEpoch(key)) this.#epochs.begin();
  }

  #judge(now: Micros, alone: boolean): void {
    const mirror = this.#mirror;
    if (mirror === undefined) return;
    const base = (this.#base ??= mirror);
    const { covered } = this.#waiting;
    const guess = this.#guess(base);
    const overdue = alone || this.#waiting.overdue(now, false) > 0;
    const matches = (): boolean => isSteadyState(mirror) && guess.matches(mirror, !overdue);
    let matched = matches() ? 0 : -1;
    let placed = 0;
    while (placed < covered && guess.apply(this.#waiting.keyAt(placed))) {
      placed++;
      if (matches()) matched = placed;
    }
    // Beyond an unpredictable key there is nothing to compare: what follows it is judged from its effect on.
    if (placed < covered && (matched === placed || matched === -1 || overdue)) {
      if (matched > 0) this.#confirm(now, matched);
      const done = Math.max(matched, 0);
      this.#passUnpredictable(now, placed - done, covered - done);
      return;
    }
    if (matched >= 0) this.#confirm(now, matched);
    else this.#contradict(now, covered, overdue);
    if (matched >= 0 && matched < covered && overdue) this.#refute(now, alone);
  }

  /** The first keys are on the screen, as guessed. */
  #confirm(now: Micros, count: number): void {
    const mirror = this.#mirror;
    if (mirror === undefined) return;
    if (count > 0) {
      this.#learn(mirror, count);
      this.#prove(now, count);
      this.#lines.settle();
      this.#counts.confirmed += count;
      this.#waiting.take(count);
    }
    if (this.#contradictedAt !== undefined) for (const waiting of this.#waiting.all) waiting.shy = false;
    this.#contradictedAt = undefined;
    this.#rebase(now, mirror);
  }

  /** What keys the screen shows is proof that it will show more. */
  #prove(now: Micros, count: number): void {
    const { epoch } = this.#waiting.all[count - 1] ?? { epoch: -1 };
    // Proof of an earlier epoch is none of this one: something was sent in between.
    if (epoch !== this.#epochs.current) return;
    const guess = this.#guessOf(count);
    if (guess === undefined) return;
    this.#epochs.proveText(this.#lines.doubtful(now) ? 0 : guess.proofs());
    const base = this.#base?.cursor;
    const moved = base !== undefined && (guess.cursor.x !== base.x || guess.cursor.y !== base.y);
    if (
      moved &&
      this.#waiting.all.slice(0, count).every(({ key }) => key.type === "left" || key.type === "right")
    ) {
      this.#epochs.proveMotion();
    }
  }

  /** How the program edits what is behind the cursor. */
  #learn(mirror: ScreenState, count: number): void {
    const guess = this.#guessOf(count);
    if (this.#forced || guess === undefined || !guess.styled || guess.matchesBehind(mirror)) return;
    const page = mirror.alternate === undefined ? "normal" : "alternate";
    const other = this.#styles[page] === "insert" ? "overwrite" : "insert";
    const otherGuess = this.#guessOf(count, other);
    // A program that does neither is harmed least by a guess that leaves the rest as it is.
    this.#styles[page] =
      otherGuess?.matches(mirror) === true && otherGuess.matchesBehind(mirror) ? other : "overwrite";
  }

  /** The screen shows something else. It may be one piece of an output that ends as guessed. */
  #contradict(now: Micros, covered: number, overdue: boolean): void {
    const mirror = this.#mirror;
    if (mirror === undefined) return;
    this.#contradictedAt ??= now;
    const patient = this.#epochs.proved || this.#waiting.count > 0;
    if (patient && !overdue && now < after(this.#contradictedAt, PATIENCE)) return;
    this.#abandon(now, covered);
  }

  /** The keys that are overdue did nothing. */
  #refute(now: Micros, alone: boolean): void {
    const count = this.#waiting.overdue(now, alone);
    if (count > 0) this.#abandon(now, count);
  }

  /** Takes the screen as it is; the first keys were not what was guessed, and the others prove themselves anew. */
  #abandon(now: Micros, count: number): void {
    const mirror = this.#mirror;
    if (mirror === undefined) return;
    const dropped = this.#waiting.take(count);
    this.#counts.wrong += dropped.filter(({ wasShown }) => wasShown).length;
    this.#contradictedAt = undefined;
    this.#renewEpochs();
    if (dropped.some(({ key }) => key.type === "text")) this.#epochs.doubt();
    this.#rebase(now, mirror);
  }

  /** A covered key whose effect could not be guessed, the one at `at` or a later one, had it: goes on from there. */
  #passUnpredictable(now: Micros, at: number, covered: number): void {
    const mirror = this.#mirror;
    if (mirror === undefined) return;
    let last = covered - 1;
    while (last > at && !endsEpoch(this.#waiting.keyAt(last))) last--;
    const passed = this.#waiting.take(last + 1);
    this.#contradictedAt = undefined;
    const ended = passed.at(-1)?.key ?? { type: "other" };
    if (passed.some(({ key }) => key.type === "line-end")) this.#lines.seek();
    if (ended.type !== "line-end") this.#lines.settle();
    if (!endsEpoch(ended)) this.#renewEpochs();
    this.#rebase(now, mirror);
    this.#judge(now, false);
  }

  /** The keys that wait, and later ones, are of a new epoch, as far as they were of the last. */
  #renewEpochs(): void {
    const old = this.#waiting.all[0]?.epoch ?? this.#epochs.current;
    this.#epochs.forget();
    if (old === this.#epochs.current) {
      this.#epochs.begin();
      for (const waiting of this.#waiting.all) waiting.epoch = this.#epochs.current;
    }
    for (const waiting of this.#waiting.all) waiting.shy = false;
  }

  #rebase(now: Micros, mirror: ScreenState): void {
    this.#base = mirror;
    this.#lines.follow(now, mirror, this.#waiting.text);
  }

  #isShown({ key, epoch, shy }: WaitingKey): boolean {
    if (shy || endsEpoch(key)) return false;
    return this.#epochs.shows(epoch, key.type === "text");
  }

  /** For the counts: the last keys, which have just been typed, are shown at once. */
  #noteShown(): void {
    if (this.#base === undefined) return;
    for (const waiting of this.#applyShown(this.#guess(this.#base), this.#base)) {
      if (!waiting.wasShown) this.#counts.shown++;
      waiting.wasShown = true;
    }
  }

  /** Does the waiting keys that may be shown; answers which. */
  #applyShown(guess: Guess, base: ScreenState): readonly WaitingKey[] {
    if (!this.#visibility.shown || !isSteadyState(base)) return [];
    const most = Math.min(this.#waiting.count, MAX_PREDICTED_KEYS);
    let count = 0;
    for (; count < most; count++) {
      const waiting = this.#waiting.all[count];
      if (waiting === undefined || !this.#isShown(waiting) || !guess.apply(waiting.key)) break;
    }
    return this.#waiting.all.slice(0, count);
  }

  #guess(base: ScreenState, style?: EditStyle): Guess {
    const learned = base.alternate === undefined ? this.#styles.normal : this.#styles.alternate;
    return new Guess(base, style ?? learned, this.#lines.at);
  }

  /** With the first keys done. */
  #guessOf(count: number, style?: EditStyle): Guess | undefined {
    if (this.#base === undefined) return undefined;
    const guess = this.#guess(this.#base, style);
    for (const { key } of this.#waiting.all.slice(0, count)) guess.apply(key);
    return guess;
  }
}

function endsEpoch({ type }: Key): boolean {
  return type === "other" || type === "line-end";
}
