import { after, elapsed, micros, NEVER, type Machine, type Micros, type Output } from "../util/index.js";
import { CANDIDATE_PATIENCE, MIN_RECONNECT_BACKOFF, SILENCE_AFTER, WAKE_PATIENCE } from "../wire/index.js";

/** What the driver is to do with the handshake's port. */
export type ReconnectionEvent =
  /** Begin a handshake that resumes the attachment; `ended` says what became of it. */
  | { readonly type: "dial" }
  /** Give up the handshake under way: its result is not wanted any more. */
  | { readonly type: "hang-up" };

/** What became of an attempt to resume. */
export type AttemptOutcome =
  /** The attachment has a new connection, which has yet to be heard. */
  | { readonly kind: "granted" }
  /** TCP does not connect, or says nothing. */
  | { readonly kind: "unreachable"; readonly text: string }
  /** Somebody answers, and says no. */
  | { readonly kind: "refused"; readonly text: string };

/** What a client knows of its link. spec/10-path-and-life.md, 10.6. */
export type LinkStatus =
  | { readonly kind: "connected" }
  | {
      readonly kind: "silent";
      /** When the server was last heard. */
      readonly since: Micros;
      /** What the last attempt showed; undefined before one has ended. */
      readonly outcome: AttemptOutcome | undefined;
      /** When the next attempt begins; undefined while one is under way. */
      readonly nextAttemptAt: Micros | undefined;
    };

/** What is being done about a silence. */
type Attempt =
  | { readonly kind: "waiting"; readonly dueAt: Micros }
  | { readonly kind: "dialing" }
  /** Granted; the new connection may be silent until then. */
  | { readonly kind: "trying"; readonly until: Micros };

type State =
  /** `checkAt`: a silence can not have lasted long enough before. `suspectedAt`: it counts from then, and a second is enough. */
  | { readonly kind: "calm"; readonly checkAt: Micros; readonly suspectedAt: Micros | undefined }
  | { readonly kind: "silent"; readonly attempt: Attempt };

/**
 * A client's side of an outage: says when a silence is one, and when to try a handshake beside the probes of the
 * attachment. Whichever recovers first wins. spec/10-path-and-life.md, PL-OUTAGE.
 */
export class Reconnection implements Machine<ReconnectionEvent> {
  readonly #maxBackoff: Micros;
  readonly #events: ReconnectionEvent[] = [];
  #state: State;
  #lastHeard: Micros;
  #backoff: Micros = MIN_RECONNECT_BACKOFF;
  #outcome: AttemptOutcome | undefined;
  /** The end of the last attempt. */
  #endedAt: Micros | undefined;

  /** `maxBackoff`: the longest wait between two attempts, at least 2 s. `now`: the session begins. */
  constructor({ now, maxBackoff }: { readonly now: Micros; readonly maxBackoff: Micros }) {
    this.#maxBackoff = micros(Math.max(maxBackoff, MIN_RECONNECT_BACKOFF));
    this.#lastHeard = now;
    this.#state = { kind: "calm", checkAt: after(now, SILENCE_AFTER), suspectedAt: undefined };
  }

  status(): LinkStatus {
    if (this.#state.kind === "calm") return { kind: "connected" };
    const { attempt } = this.#state;
    const nextAttemptAt = attempt.kind === "waiting" ? attempt.dueAt : undefined;
    return { kind: "silent", since: this.#lastHeard, outcome: this.#outcome, nextAttemptAt };
  }

  /** Something authentic came: the outage, if it was one, is over. */
  heard(now: Micros): void {
    this.#lastHeard = now;
    if (this.#state.kind === "calm") return;
    if (this.#state.attempt.kind === "dialing") this.#events.push({ type: "hang-up" });
    this.#calm(after(now, SILENCE_AFTER));
  }

  /** The machine slept, or the process was stopped. */
  woke(now: Micros): void {
    this.#backoff = MIN_RECONNECT_BACKOFF;
    if (this.#state.kind === "calm") {
      this.#suspect(now);
      return;
    }
    if (this.#state.attempt.kind === "dialing") this.#events.push({ type: "hang-up" });
    const dueAt = after(now, WAKE_PATIENCE);
    this.#state = { kind: "silent", attempt: { kind: "waiting", dueAt } };
  }

  /** The system has no way to the server (any more): a silence is not waited for. */
  unreachable(now: Micros): void {
    if (this.#state.kind !== "calm" || this.#state.suspectedAt !== undefined) return;
    this.#suspect(now);
  }

  /** The person types: a long wait is cut short. */
  typed(now: Micros): void {
    if (this.#state.kind === "calm" || this.#state.attempt.kind !== "waiting") return;
    const soonest = after(this.#endedAt ?? now, MIN_RECONNECT_BACKOFF);
    const dueAt = micros(Math.min(this.#state.attempt.dueAt, Math.max(now, soonest)));
    this.#state = { kind: "silent", attempt: { kind: "waiting", dueAt } };
  }

  /** The attempt that `dial` asked for has ended so. After `hang-up` nothing is to be told. */
  ended(now: Micros, outcome: AttemptOutcome): void {
    if (this.#state.kind === "calm" || this.#state.attempt.kind !== "dialing") return;
    this.#outcome = outcome;
    if (outcome.kind === "granted") {
      this.#state = { kind: "silent", attempt: { kind: "trying", until: after(now, CANDIDATE_PATIENCE) } };
    } else {
      this.#wait(now);
    }
  }

  handleTimeout(now: Micros): void {
    if (now < this.#dueAt) return;
    if (this.#state.kind === "calm") this.#check(now, this.#state.suspectedAt);
    else if (this.#state.attempt.kind === "waiting") this.#dial();
    else if (this.#state.attempt.kind === "trying") this.#wait(now);
  }

  pollOutput(): Output<ReconnectionEvent> {
    const event = this.#events.shift();
    return event === undefined ? { kind: "timeout", at: this.#dueAt } : { kind: "event", event };
  }

  get #dueAt(): Micros {
    if (this.#state.kind === "calm") return this.#state.checkAt;
    const { attempt } = this.#state;
    switch (attempt.kind) {
      case "waiting":
        return attempt.dueAt;
      case "trying":
        return attempt.until;
      case "dialing":
        return NEVER;
    }
  }

  /** Not armed anew with every packet: a check that finds that something was heard comes again later. */
  #check(now: Micros, suspectedAt: Micros | undefined): void {
    const isLong = elapsed(this.#lastHeard, now) >= SILENCE_AFTER;
    if (isLong || (suspectedAt !== undefined && this.#lastHeard <= suspectedAt)) this.#dial();
    else this.#calm(after(this.#lastHeard, SILENCE_AFTER));
  }

  #suspect(now: Micros): void {
    this.#state = { kind: "calm", checkAt: after(now, WAKE_PATIENCE), suspectedAt: now };
  }

  #calm(checkAt: Micros): void {
    this.#state = { kind: "calm", checkAt, suspectedAt: undefined };
    this.#backoff = MIN_RECONNECT_BACKOFF;
    this.#outcome = undefined;
    this.#endedAt = undefined;
  }

  #dial(): void {
    this.#state = { kind: "silent", attempt: { kind: "dialing" } };
    this.#events.push({ type: "dial" });
  }

  #wait(now: Micros): void {
    this.#endedAt = now;
    this.#state = { kind: "silent", attempt: { kind: "waiting", dueAt: after(now, this.#backoff) } };
    this.#backoff = micros(Math.min(2 * this.#backoff, this.#maxBackoff));
  }
}
