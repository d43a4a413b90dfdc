/**
 * What the other side did wrong, or what the network made of it. Input from outside can cause this class
 * of error and no other.
 */
export class PeerError extends Error {
  override readonly name = "PeerError";
  /** Stable, in kebab-case; spec/11-errors.md lists them. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What the caller of this library did wrong: a call that is illegal in this state, a value out of range. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Makes a switch over a union exhaustive, for the compiler and at run time. */
export function unreachable(value: never): never {
  throw new UsageError(`unexpected value: ${String(value)}`);
}
