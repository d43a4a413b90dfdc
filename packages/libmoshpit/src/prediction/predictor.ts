import { MODES, sameRow, sameState, shownPage, FG, type ScreenState } from "../screen/index.js";
import { after, NEVER, type Micros } from "../util/index.js";
import { Guess, type EditStyle } from "./guess.js";
import { KeyReader, type Key } from "./keys.js";
import { MAX_PREDICTED_KEYS, PASTE_OCTETS, PATIENCE, PROOFS_AFTER_DOUBT } from "./limits.js";
import { LineStarts } from "./line-start.js";
import { NO_OVERLAY, type Overlay, type OverlayCell } from "./overlay.js";
import { Visibility, type PredictionMode } from "./visibility.js";

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

interface PendingKey {
  readonly key: Key;
  readonly end: number;
  readonly typedAt: Micros;
  epoch: number;
  /** Since when output should show it. */
  coveredAt: Micros | undefined;
  /** Typed while the screen contradicted the guesses. */
  shy: boolean;
  wasShown: boolean;
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
  #pending: PendingKey[] = [];
  /** The text of the keys since the last line was sent that wait no longer. */
  #gone = "";
  #reflected = 0;
  /** The newest screen that agreed with the guesses: they are made on this one. */
  #base: ScreenState | undefined;
  #mirror: ScreenState | undefined;
  #contradictedAt: Micros | undefined;
  #epoch = 0;
  /** The epoch whose characters, and whose motions, were confirmed. */
  #textEpoch = -1;
  #motionEpoch = -1;
  #proofsNeeded = 1;
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
    return this.#pending.length;
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
    this.#visibility.waiting(now, this.#oldest());
  }

  /**
   * The server's output so far, which the mirror shows, reflects the first `input` octets. Call it after each output, and
   * when only the number grew. A number that goes back is ignored.
   */
  reflected(now: Micros, input: number, mirror: ScreenState): void {
    this.#visibility.waiting(now, this.#oldest());
    const alone = input > this.#reflected && this.#mirror !== undefined && sameState(this.#mirror, mirror);
    this.#reflected = Math.max(this.#reflected, input);
    this.#mirror = mirror;
    for (const pending of this.#pending) {
      if (pending.end > this.#reflected) break;
      pending.coveredAt ??= now;
    }
    this.#judge(now, alone);
    this.#visibility.waiting(now, this.#oldest());
  }

  /** The smoothed round trip is this. */
  roundTrip(_now: Micros, rtt: Micros): void {
    this.#visibility.roundTrip(rtt);
  }

  /** The numbering of input begins anew: another session, or another program reads it. Forgets all guesses. */
  reset(): void {
    this.#pending = [];
    this.#base = this.#mirror;
    this.#contradictedAt = undefined;
    this.#reflected = this.#keys.offset;
    this.#beginEpoch();
    this.#lines.seek();
  }

  /** What to show over the mirror of the last `reflected`. */
  overlay(): Overlay {
    const base = this.#base;
    const mirror = this.#mirror;
    if (base === undefined || mirror === undefined) return NO_OVERLAY;
    const guess = this.#guess(base);
    if (this.#applyShown(guess, base).length === 0) return NO_OVERLAY;
    const cells = guess.cells();
    const still = cells.filter(({ y }) => sameRowAt(base, mirror, y));
    const moved = still.length < cells.length || !sameRowAt(base, mirror, guess.cursor.y);
    return {
      cells: this.#visibility.underlined ? still.map(underlined) : still,
      cursor: moved ? undefined : visibleCursor(guess, mirror),
    };
  }

  /** When to call `handleTimeout`. */
  deadline(now: Micros): Micros {
    const contradiction = this.#contradictedAt === undefined ? NEVER : after(this.#contradictedAt, PATIENCE);
    const covered = this.#pending[0]?.coveredAt;
    const late = covered === undefined ? NEVER : after(covered, PATIENCE);
    return Math.min(contradiction, late, this.#visibility.deadline(now, this.#oldest())) as Micros;
  }

  /** Time has passed. Ends guesses that were not confirmed in time. */
  handleTimeout(now: Micros): void {
    if (this.#mirror !== undefined) this.#judge(now, false);
    this.#visibility.waiting(now, this.#oldest());
  }

  #await(now: Micros, key: Key, end: number): void {
    this.#pending.push({
      key,
      end,
      typedAt: now,
      epoch: this.#epoch,
      coveredAt: end <= this.#reflected ? now : undefined,
      shy: this.#contradictedAt !== undefined,
      wasShown: false,
    });
    if (endsEpoch(key)) this.#beginEpoch();
  }

  #judge(now: Micros, alone: boolean): void {
    const mirror = this.#mirror;
    if (mirror === undefined) return;
    const base = (this.#base ??= mirror);
    const covered = this.#pending.filter(({ coveredAt }) => coveredAt !== undefined).length;
    const guess = this.#guess(base);
    const steady = isSteadyState(mirror);
    let matched = steady && guess.matches(mirror) ? 0 : -1;
    let placed = 0;
    while (placed < covered && guess.apply(this.#pending[placed]?.key ?? UNKNOWN)) {
      placed++;
      if (steady && guess.matches(mirror)) matched = placed;
    }
    const overdue = alone || this.#isOverdue(now);
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
      this.#take(count);
    }
    if (this.#contradictedAt !== undefined) for (const pending of this.#pending) pending.shy = false;
    this.#contradictedAt = undefined;
    this.#rebase(now, mirror);
  }

  /** What keys the screen shows is proof that it will show more. */
  #prove(now: Micros, count: number): void {
    const { epoch } = this.#pending[count - 1] ?? { epoch: -1 };
    // Proof of an earlier epoch is none of this one: something was sent in between.
    if (epoch !== this.#epoch) return;
    const guess = this.#guessOf(count);
    if (guess === undefined) return;
    this.#proofsNeeded -= this.#lines.doubtful(now) ? 0 : guess.proofs();
    if (this.#proofsNeeded <= 0) this.#textEpoch = epoch;
    const base = this.#base?.cursor;
    const moved = base !== undefined && (guess.cursor.x !== base.x || guess.cursor.y !== base.y);
    if (
      moved &&
      this.#pending.slice(0, count).every(({ key }) => key.type === "left" || key.type === "right")
    ) {
      this.#motionEpoch = epoch;
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
    const shown = this.#textEpoch === this.#epoch || this.#motionEpoch === this.#epoch;
    const patient = shown || this.#pending.length > 0;
    if (patient && !overdue && now < after(this.#contradictedAt, PATIENCE)) return;
    this.#abandon(now, covered);
  }

  /** The covered keys did nothing. */
  #refute(now: Micros, alone: boolean): void {
    const due = (pending: PendingKey): boolean =>
      pending.coveredAt !== undefined && (alone || now >= after(pending.coveredAt, PATIENCE));
    const count = this.#pending.findIndex((pending) => !due(pending));
    this.#abandon(now, count === -1 ? this.#pending.length : count);
  }

  /** Takes the screen as it is; the first keys were not what was guessed, and the others prove themselves anew. */
  #abandon(now: Micros, count: number): void {
    const mirror = this.#mirror;
    if (mirror === undefined) return;
    const dropped = this.#take(count);
    this.#counts.wrong += dropped.filter(({ wasShown }) => wasShown).length;
    this.#contradictedAt = undefined;
    this.#renewEpochs();
    if (dropped.some(({ key }) => key.type === "text")) this.#proofsNeeded = PROOFS_AFTER_DOUBT;
    this.#rebase(now, mirror);
  }

  /** A key whose effect could not be guessed had it: goes on from there. `at`: which; a later one ends the epoch, if one is covered. */
  #passUnpredictable(now: Micros, at: number, covered: number): void {
    const mirror = this.#mirror;
    if (mirror === undefined) return;
    let last = covered - 1;
    while (last > at && !endsEpoch(this.#pending[last]?.key ?? UNKNOWN)) last--;
    const passed = this.#take(last + 1);
    this.#contradictedAt = undefined;
    const ended = passed.at(-1)?.key ?? UNKNOWN;
    if (passed.some(({ key }) => key.type === "line-end")) this.#lines.seek();
    if (ended.type !== "line-end") this.#lines.settle();
    if (!endsEpoch(ended)) this.#renewEpochs();
    this.#rebase(now, mirror);
    this.#judge(now, false);
  }

  /** The keys that wait, and later ones, are of a new epoch, as far as they were of the last. */
  #renewEpochs(): void {
    const old = this.#pending[0]?.epoch ?? this.#epoch;
    this.#textEpoch = -1;
    this.#motionEpoch = -1;
    if (old === this.#epoch) {
      this.#beginEpoch();
      for (const pending of this.#pending) pending.epoch = this.#epoch;
    }
    for (const pending of this.#pending) pending.shy = false;
  }

  #beginEpoch(): void {
    this.#epoch++;
    this.#proofsNeeded = 1;
  }

  #rebase(now: Micros, mirror: ScreenState): void {
    this.#base = mirror;
    this.#lines.follow(now, mirror, this.#typedText());
  }

  /** The text typed since a line was sent. */
  #typedText(): string {
    return this.#gone + textOf(this.#pending);
  }

  /** Takes the first keys from those that wait. */
  #take(count: number): PendingKey[] {
    const taken = this.#pending.splice(0, count);
    const sent = taken.findLastIndex(({ key }) => key.type === "line-end");
    this.#gone = (sent === -1 ? this.#gone : "") + textOf(taken.slice(sent + 1));
    return taken;
  }

  #isOverdue(now: Micros): boolean {
    const first = this.#pending[0]?.coveredAt;
    return first !== undefined && now >= after(first, PATIENCE);
  }

  #isShown({ key, epoch, shy }: PendingKey): boolean {
    if (shy || endsEpoch(key)) return false;
    return epoch === this.#textEpoch || (epoch === this.#motionEpoch && key.type !== "text");
  }

  /** For the counts: the last keys, which have just been typed, are shown at once. */
  #noteShown(): void {
    if (this.#base === undefined) return;
    for (const pending of this.#applyShown(this.#guess(this.#base), this.#base)) {
      if (!pending.wasShown) this.#counts.shown++;
      pending.wasShown = true;
    }
  }

  /** Does the waiting keys that may be shown; answers which. */
  #applyShown(guess: Guess, base: ScreenState): readonly PendingKey[] {
    if (!this.#visibility.shown || !isSteadyState(base)) return [];
    const most = Math.min(this.#pending.length, MAX_PREDICTED_KEYS);
    let count = 0;
    for (; count < most; count++) {
      const pending = this.#pending[count];
      if (pending === undefined || !this.#isShown(pending) || !guess.apply(pending.key)) break;
    }
    return this.#pending.slice(0, count);
  }

  #oldest(): Micros | undefined {
    return this.#pending[0]?.typedAt;
  }

  #guess(base: ScreenState, style?: EditStyle): Guess {
    const learned = base.alternate === undefined ? this.#styles.normal : this.#styles.alternate;
    return new Guess(base, style ?? learned, this.#lines.at);
  }

  /** With the first keys done. */
  #guessOf(count: number, style?: EditStyle): Guess | undefined {
    if (this.#base === undefined) return undefined;
    const guess = this.#guess(this.#base, style);
    for (const { key } of this.#pending.slice(0, count)) guess.apply(key);
    return guess;
  }
}

function textOf(keys: readonly PendingKey[]): string {
  return keys.map(({ key }) => (key.type === "text" ? key.text : "")).join("");
}

const UNKNOWN: Key = { type: "other" };

function endsEpoch({ type }: Key): boolean {
  return type === "other" || type === "line-end";
}

/** A hidden cursor is somewhere; within synchronized output nothing is finished. */
function isSteadyState({ modes }: ScreenState): boolean {
  return (modes & MODES.cursorVisible.bit) !== 0 && (modes & MODES.synchronized.bit) === 0;
}

function sameRowAt(a: ScreenState, b: ScreenState, y: number): boolean {
  if (a === b) return true;
  if (a.columns !== b.columns || (a.alternate === undefined) !== (b.alternate === undefined)) return false;
  const rowA = shownPage(a).rows[y];
  const rowB = shownPage(b).rows[y];
  return rowA !== undefined && rowB !== undefined && sameRow(rowA, rowB);
}

function visibleCursor(guess: Guess, { columns }: ScreenState): Overlay["cursor"] {
  const { x, y } = guess.cursor;
  return { x: Math.min(x, columns - 1), y };
}

function underlined(cell: OverlayCell): OverlayCell {
  if (cell.text === "") return cell;
  const { attributes } = cell;
  return {
    ...cell,
    attributes: { ...attributes, fg: (attributes.fg | FG.underline) >>> 0, underline: SINGLE_UNDERLINE },
  };
}

const SINGLE_UNDERLINE = 1 << 26;
