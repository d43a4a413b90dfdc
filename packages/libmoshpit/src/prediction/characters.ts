import { isCertain } from "../screen/index.js";

/** Ornaments and line glyphs of prompts, which are one cell on every terminal. */
const NARROW: readonly (readonly [number, number])[] = [
  [0x2713, 0x2713],
  [0x2768, 0x2775],
  [0x2798, 0x27af],
  [0xe0a0, 0xe0d7],
];

/** A soft hyphen and marks, which are no cells of their own. */
const NOT_A_CELL: readonly (readonly [number, number])[] = [
  [0xad, 0xad],
  [0x483, 0x489],
];

/** Whether all terminals agree on the cells of what a cell shows. */
export function isSteady(text: string): boolean {
  if (text.length > 1) return false;
  const code = text.charCodeAt(0);
  return isCertain(text) ? !within(NOT_A_CELL, code) : within(NARROW, code);
}

/** Cells that a typed character takes on every terminal; undefined: they disagree, or it joins another one. */
export function steadyWidth(text: string): 1 | 2 | undefined {
  if (!isSteady(text)) return undefined;
  const code = text.charCodeAt(0);
  return code >= 0x3041 && code < 0xe000 ? 2 : 1;
}

/**
 * Whether a program that writes this character where it was typed echoes what is typed. Stars, dots and the like are
 * also written in place of the characters of a password.
 */
export function provesEcho(text: string): boolean {
  return /^[\p{L}\p{Nd}]$/u.test(text);
}

function within(ranges: readonly (readonly [number, number])[], code: number): boolean {
  return ranges.some(([first, last]) => code >= first && code <= last);
}
