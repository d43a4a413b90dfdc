/** The exit status of an error of `mp` itself. */
export const OWN_ERROR = 255;

/** Ends `mp`: one line for the person, which says what happened, to what, and what to do next. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly status: number;

  constructor(message: string, status: number = OWN_ERROR) {
    super(message);
    this.status = status;
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
