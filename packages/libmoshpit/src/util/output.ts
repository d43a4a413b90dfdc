import type { Micros } from "./time.js";

/** Octets that the driver is to send now. `path` is the machine's word for where to. */
export interface Transmit<Path> {
  readonly kind: "transmit";
  readonly path: Path;
  readonly bytes: Uint8Array;
}

/** Something that the driver or the application is to know. */
export interface Happened<Event> {
  readonly kind: "event";
  readonly event: Event;
}

/** The drain is over: call `handleTimeout` at this moment, or `NEVER`. */
export interface Timeout {
  readonly kind: "timeout";
  readonly at: Micros;
}

/** What a machine wants done. After each mutation, drain `pollOutput()` until it answers `timeout`. */
export type Output<Event, Path = undefined> = Transmit<Path> | Happened<Event> | Timeout;

/** Every protocol part has this shape besides its own mutations. */
export interface Machine<Event, Path = undefined> {
  pollOutput(): Output<Event, Path>;
  /** An overdue timer fires at once; a spurious call is harmless. */
  handleTimeout(now: Micros): void;
}
