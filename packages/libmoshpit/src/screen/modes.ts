import type { Xterm } from "./xterm-internals.js";

// The modes of a terminal as one number, a bit each. spec/08-screen.md, 8.5.

/** One mode. */
export interface Mode {
  readonly bit: number;
  /** The parameter of SM and RM, or of DECSET and DECRST when `dec`. */
  readonly number: number;
  readonly dec: boolean;
}

const dec = (index: number, number: number): Mode => ({ bit: 1 << index, number, dec: true });

/** The names of the modes. */
export type ModeName =
  | "applicationCursorKeys"
  | "reverseScreen"
  | "origin"
  | "wraparound"
  | "mouseX10"
  | "cursorBlink"
  | "cursorVisible"
  | "reverseWraparound"
  | "applicationKeypad"
  | "mouseButtons"
  | "mouseDrag"
  | "mouseMotion"
  | "focus"
  | "mouseUtf8"
  | "mouseSgr"
  | "mouseUrxvt"
  | "mousePixels"
  | "bracketedPaste"
  | "synchronized"
  | "colourScheme"
  | "insert"
  | "newLine";

/** Every mode, by name. The bits are those of the protocol. */
export const MODES: Readonly<Record<ModeName, Mode>> = {
  applicationCursorKeys: dec(0, 1),
  reverseScreen: dec(1, 5),
  origin: dec(2, 6),
  wraparound: dec(3, 7),
  mouseX10: dec(4, 9),
  cursorBlink: dec(5, 12),
  cursorVisible: dec(6, 25),
  reverseWraparound: dec(7, 45),
  applicationKeypad: dec(8, 66),
  mouseButtons: dec(9, 1000),
  mouseDrag: dec(10, 1002),
  mouseMotion: dec(11, 1003),
  focus: dec(12, 1004),
  mouseUtf8: dec(13, 1005),
  mouseSgr: dec(14, 1006),
  mouseUrxvt: dec(15, 1015),
  mousePixels: dec(16, 1016),
  bracketedPaste: dec(17, 2004),
  synchronized: dec(18, 2026),
  colourScheme: dec(19, 2031),
  insert: { bit: 1 << 20, number: 4, dec: false },
  newLine: { bit: 1 << 21, number: 20, dec: false },
};

/** The modes of a terminal that nothing was written to. */
export const DEFAULT_MODES: number = MODES.wraparound.bit | MODES.cursorVisible.bit;

/** Every bit that is a mode. */
export const ALL_MODES: number = Object.values(MODES).reduce((all, { bit }) => all | bit, 0);

/** Those that xterm does not know; the emulator follows them itself. */
export const FOLLOWED_MODES: readonly Mode[] = [
  MODES.reverseScreen,
  MODES.mouseUtf8,
  MODES.mouseUrxvt,
  MODES.colourScheme,
];

/** The sequence that sets a mode, or resets it. */
export function modeSequence(mode: Mode, on: boolean): string {
  // DECKPAM and DECKPNM, which more terminals know than their mode's number.
  if (mode === MODES.applicationKeypad) return on ? "\x1b=" : "\x1b>";
  return `\x1b[${mode.dec ? "?" : ""}${mode.number}${on ? "h" : "l"}`;
}

const PROTOCOLS: Readonly<Record<string, Mode>> = {
  X10: MODES.mouseX10,
  VT200: MODES.mouseButtons,
  DRAG: MODES.mouseDrag,
  ANY: MODES.mouseMotion,
};

const ENCODINGS: Readonly<Record<string, Mode>> = { SGR: MODES.mouseSgr, SGR_PIXELS: MODES.mousePixels };

/** The modes that xterm knows, as they are. */
export function readModes({ core, mouse, options }: Xterm): number {
  const on = core.decPrivateModes;
  const flags: readonly (readonly [Mode, boolean])[] = [
    [MODES.applicationCursorKeys, on.applicationCursorKeys],
    [MODES.origin, on.origin],
    [MODES.wraparound, on.wraparound],
    [MODES.cursorBlink, options.cursorBlink],
    [MODES.cursorVisible, !core.isCursorHidden],
    [MODES.reverseWraparound, on.reverseWraparound],
    [MODES.applicationKeypad, on.applicationKeypad],
    [MODES.focus, on.sendFocus],
    [MODES.bracketedPaste, on.bracketedPasteMode],
    [MODES.synchronized, on.synchronizedOutput],
    [MODES.insert, core.modes.insertMode],
    [MODES.newLine, options.convertEol],
  ];
  let modes = (PROTOCOLS[mouse.activeProtocol]?.bit ?? 0) | (ENCODINGS[mouse.activeEncoding]?.bit ?? 0);
  for (const [mode, set] of flags) if (set) modes |= mode.bit;
  return modes;
}
