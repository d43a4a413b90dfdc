import { BLANK_ROW, shownPage, textAt, type ScreenState } from "../screen/index.js";
import { elapsed, type Micros } from "../util/index.js";
import type { LineStart } from "./guess.js";
import { BARE_LINE_DELAY } from "./limits.js";

interface Found extends LineStart {
  /** What is before it in its row: the prompt. */
  readonly before: string;
  /** Since when it is there. */
  readonly since: Micros;
  /** On the normal screen, with nothing before it in its row. */
  readonly bare: boolean;
}

/** Finds where the text of a line begins: where the cursor is when a line was sent and nothing was typed since. */
export class LineStarts {
  #sought = true;
  /** No line was sent yet: the first one may have text already. */
  #first = true;
  #found: Found | undefined;

  /** Where backspace ends; undefined: not known. */
  get at(): LineStart | undefined {
    return this.#first ? undefined : this.#found;
  }

  /** A line was sent: the next one begins wherever the cursor comes to rest. */
  seek(): void {
    this.#sought = true;
    this.#first = false;
    this.#found = undefined;
  }

  /** The line is edited now. */
  settle(): void {
    this.#sought = false;
  }

  /** The screen is this. Until `settle`, the cursor is not in a line that is edited. `typed`: the text typed since `seek`. */
  follow(now: Micros, mirror: ScreenState, typed: string): void {
    const { x, y } = mirror.cursor;
    if (this.#sought) {
      const before = textBefore(mirror, x, y);
      const found = this.#found;
      if (found !== undefined && found.x === x && found.y === y && found.before === before) return;
      const row = shownPage(mirror).rows[y] ?? BLANK_ROW;
      // What the terminal itself echoed is no prompt.
      const bare = mirror.alternate === undefined && !row.wrapped && typed.includes(before.trim());
      this.#found = { x, y, before, since: now, bare };
    } else if (this.#found !== undefined) {
      const { x: startX, y: startY, before } = this.#found;
      if (textBefore(mirror, startX, startY) !== before) this.#found = undefined;
    }
  }

  /** Whether what is echoed here may be the terminal's echo, that a program is about to switch off. */
  doubtful(now: Micros): boolean {
    return this.#found !== undefined && this.#found.bare && elapsed(this.#found.since, now) < BARE_LINE_DELAY;
  }
}

function textBefore(mirror: ScreenState, x: number, y: number): string {
  const row = shownPage(mirror).rows[y] ?? BLANK_ROW;
  let text = "";
  for (let column = 0; column < x; column++) text += textAt(row, column) || " ";
  return text;
}
