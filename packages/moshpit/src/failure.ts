/** The exit status of an error of `mp` itself. */
export const OWN_ERROR = 255;

/** What kind of failure it is to whoever tries again. */
export type FailureKind =
  /** Nobody answered: the network or the server is down. */
  | "unreachable"
  /** The session is not there any more. */
  | "gone"
  /** Somebody answered, and it did not work. */
  | "refused";

/** Ends `mp`: one line for the person, which says what happened, to what, and what to do next. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly status: number = OWN_ERROR;
  readonly kind: FailureKind;

  constructor(message: string, kind: FailureKind = "refused") {
    super(message);
    this.kind = kind;
  }
}

/** Ends `mp` without a line: a signal came, or the person knows. The reason of every abort. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly status: number;

  constructor(status: number) {
    super("interrupted");
    this.status = status;
  }
}
