import { millis, seconds, type Micros } from "../util/index.js";

// Every number of spec/09-prediction.md.

/** Above this smoothed round trip predictions are shown, in adaptive mode. */
export const SHOW_ABOVE: Micros = millis(30);

/** At this smoothed round trip, or below, they are hidden again. */
export const HIDE_AT: Micros = millis(20);

/** Above this smoothed round trip what is predicted is underlined. */
export const UNDERLINE_ABOVE: Micros = millis(80);

/** At this smoothed round trip, or below, it is no longer. */
export const PLAIN_AT: Micros = millis(50);

/** A key that is not reflected for so long is a glitch: it shows predictions, underlined. */
export const GLITCH_AFTER: Micros = millis(250);

/** How long a glitch counts after its last key was reflected. */
export const GLITCH_MEMORY: Micros = seconds(1);

/** How long a screen may contradict the predictions that it should reflect: output comes in pieces. */
export const PATIENCE: Micros = millis(50);

/**
 * On a line of the normal screen with nothing before the typed text, keys prove nothing for so long: the terminal itself may echo
 * what is typed ahead of a program that is about to ask for a password.
 */
export const BARE_LINE_DELAY: Micros = seconds(2);

/** Octets that come at once and are a paste. */
export const PASTE_OCTETS = 32;

/** Keys that are predicted at most; later ones wait until these are reflected. */
export const MAX_PREDICTED_KEYS = 256;

/** Characters that must be confirmed before an epoch is shown, after a wrong guess. One otherwise. */
export const PROOFS_AFTER_DOUBT = 2;

/** Octets of an escape sequence of the keyboard; a longer one ends there. */
export const MAX_KEY_OCTETS = 64;
