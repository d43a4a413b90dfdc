import type { Attributes, Cursor } from "../screen/index.js";

/** A character shown where the screen has another one. */
export interface OverlayCell {
  readonly x: number;
  readonly y: number;
  /** Empty: a blank. */
  readonly text: string;
  readonly width: 1 | 2;
  readonly attributes: Attributes;
}

/** What is shown over a screen. */
export interface Overlay {
  readonly cells: readonly OverlayCell[];
  /** Where the cursor is shown; undefined: where it is. */
  readonly cursor: Cursor | undefined;
}

/** Nothing: the screen as it is. */
export const NO_OVERLAY: Overlay = { cells: [], cursor: undefined };
