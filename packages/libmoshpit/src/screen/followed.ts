import { MAX_KEYBOARD_STACK, MAX_TITLE_LENGTH } from "./limits.js";
import { FOLLOWED_MODES } from "./modes.js";
import type { KeyboardFlags, Palette } from "./state.js";
import type { Xterm, XtermColour, XtermParameters } from "./xterm-internals.js";

const SET_COLOUR = 1;
const RESTORE_COLOUR = 2;
/** The first colour that is not of the palette. */
const TEXT_COLOUR = 256;

/** What terminals keep and xterm's headless one does not: more modes, the palette, how keys are encoded. */
export class FollowedState {
  readonly #xterm: Xterm;
  #modes = 0;
  readonly #colours = new Map<number, number>();
  /** A copy of the above; made anew after a change. */
  #palette: Palette | undefined;
  #modifyOtherKeys = 0;
  #normalKeyboard: KeyboardFlags = [0];
  #alternateKeyboard: KeyboardFlags = [0];

  constructor(xterm: Xterm, eraseHistory: () => void) {
    this.#xterm = xterm;
    const { input } = xterm;
    input.registerCsiHandler({ prefix: "?", final: "h" }, (parameters) => this.#setModes(parameters, true));
    input.registerCsiHandler({ prefix: "?", final: "l" }, (parameters) => this.#setModes(parameters, false));
    input.registerCsiHandler({ final: "J" }, ({ params }) => {
      if (params[0] === 3) eraseHistory();
      return false;
    });
    input.registerCsiHandler({ prefix: ">", final: "m" }, (parameters) => {
      if (parameters.params[0] === 4)
        this.#modifyOtherKeys = parameters.length > 1 ? Math.min(parameters.params[1] ?? 0, 3) : 0;
      return true;
    });
    this.#followKeyboard();
    this.#limitTitles();
    input.onColor((changes) => changes.forEach((change) => this.#changeColour(change)));
    input.onRequestReset(() => this.#reset());
  }

  /** Bits of the modes that xterm does not know. */
  get modes(): number {
    return this.#modes;
  }

  get palette(): Palette {
    return (this.#palette ??= new Map([...this.#colours].sort(([a], [b]) => a - b)));
  }

  get modifyOtherKeys(): number {
    return this.#modifyOtherKeys;
  }

  /** The keyboard flags of both screens. */
  get keyboard(): { readonly normal: KeyboardFlags; readonly alternate: KeyboardFlags } {
    return { normal: this.#normalKeyboard, alternate: this.#alternateKeyboard };
  }

  /** What belongs to the alternate screen goes with it. */
  leaveAlternate(): void {
    this.#alternateKeyboard = [0];
  }

  #setModes({ params, length }: XtermParameters, on: boolean): false {
    for (let i = 0; i < length; i++) {
      for (const { number, bit } of FOLLOWED_MODES) {
        if (params[i] === number) this.#modes = on ? this.#modes | bit : this.#modes & ~bit;
      }
    }
    return false;
  }

  /** The progressive enhancement of the keyboard that kitty defined: push, pop, set. */
  #followKeyboard(): void {
    const { input } = this.#xterm;
    input.registerCsiHandler({ prefix: ">", final: "u" }, ({ params }) => {
      this.#changeKeyboard((stack) => [...stack, flagsOf(params[0])].slice(-MAX_KEYBOARD_STACK));
      return true;
    });
    input.registerCsiHandler({ prefix: "<", final: "u" }, ({ params }) => {
      this.#changeKeyboard((stack) => {
        const left = stack.slice(0, Math.max(0, stack.length - Math.max(params[0] ?? 1, 1)));
        return left.length === 0 ? [0] : left;
      });
      return true;
    });
    input.registerCsiHandler({ prefix: "=", final: "u" }, ({ params, length }) => {
      const flags = flagsOf(params[0]);
      const how = length > 1 ? params[1] : 1;
      this.#changeKeyboard((stack) => {
        const old = stack.at(-1) ?? 0;
        return [...stack.slice(0, -1), how === 2 ? old | flags : how === 3 ? old & ~flags : flags];
      });
      return true;
    });
  }

  #changeKeyboard(change: (stack: KeyboardFlags) => KeyboardFlags): void {
    const { active, alt } = this.#xterm.bufferService.buffers;
    if (active === alt) this.#alternateKeyboard = change(this.#alternateKeyboard);
    else this.#normalKeyboard = change(this.#normalKeyboard);
  }

  #limitTitles(): void {
    const { input } = this.#xterm;
    const setTitle = input.setTitle.bind(input);
    const setIconName = input.setIconName.bind(input);
    input.setTitle = (title) => setTitle(cut(title));
    input.setIconName = (name) => setIconName(cut(name));
  }

  #changeColour({ type, index, color }: XtermColour): void {
    this.#palette = undefined;
    if (type === SET_COLOUR && index !== undefined && color !== undefined) {
      this.#colours.set(index, (color[0] << 16) | (color[1] << 8) | color[2]);
    } else if (type === RESTORE_COLOUR && index !== undefined) {
      this.#colours.delete(index);
    } else if (type === RESTORE_COLOUR) {
      for (const known of [...this.#colours.keys()]) if (known < TEXT_COLOUR) this.#colours.delete(known);
    }
  }

  /** RIS; xterm forgets to reset these. */
  #reset(): void {
    const { core, options } = this.#xterm;
    core.isCursorHidden = false;
    options.convertEol = false;
    options.cursorBlink = false;
    this.#modes = 0;
    this.#colours.clear();
    this.#palette = undefined;
    this.#modifyOtherKeys = 0;
    this.#normalKeyboard = [0];
    this.#alternateKeyboard = [0];
  }
}

function flagsOf(parameter: number | undefined): number {
  return (parameter ?? 0) & 0x1f;
}

/** Never half of a surrogate pair. */
function cut(text: string): string {
  const short = text.slice(0, MAX_TITLE_LENGTH);
  const last = short.charCodeAt(short.length - 1);
  return last >= 0xd800 && last < 0xdc00 ? short.slice(0, -1) : short;
}
