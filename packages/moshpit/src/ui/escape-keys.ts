/** What typed octets turn into. */
export type KeyAction =
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  | { readonly kind: "quit" }
  | { readonly kind: "suspend" };

/** Ctrl-^, as mosh has it. */
export const DEFAULT_ESCAPE_KEY = 0x1e;

const PERIOD = 0x2e;
const CARET = 0x5e;
const CTRL_Z = 0x1a;

/**
 * Finds the commands of the person among what is typed: the escape key, then `.` quits, `Ctrl-Z` suspends, `^` or
 * the escape key again sends the escape key itself. Any other key is sent as typed, the escape key before it.
 */
export class EscapeKeys {
  readonly #escape: number;
  #pending = false;

  /** `escape`: the octet that the escape key sends, below 0x20. */
  constructor(escape: number = DEFAULT_ESCAPE_KEY) {
    this.#escape = escape;
  }

  /** Whether the escape key was typed and its command is awaited. */
  get pending(): boolean {
    return this.#pending;
  }

  /** What to do, in order. After `quit` nothing of these octets is looked at. */
  feed(typed: Uint8Array): readonly KeyAction[] {
    const actions: KeyAction[] = [];
    let plain: number[] = [];
    const flush = (): void => {
      if (plain.length > 0) actions.push({ kind: "send", bytes: Uint8Array.from(plain) });
      plain = [];
    };
    if (!this.#pending && !typed.includes(this.#escape)) {
      return typed.length === 0 ? [] : [{ kind: "send", bytes: typed }];
    }
    for (const octet of typed) {
      if (!this.#pending) {
        if (octet === this.#escape) this.#pending = true;
        else plain.push(octet);
        continue;
      }
      this.#pending = false;
      switch (octet) {
        case PERIOD:
          flush();
          actions.push({ kind: "quit" });
          return actions;
        case CTRL_Z:
          flush();
          actions.push({ kind: "suspend" });
          break;
        case CARET:
        case this.#escape:
          plain.push(this.#escape);
          break;
        default:
          plain.push(this.#escape, octet);
      }
    }
    flush();
    return actions;
  }
}
