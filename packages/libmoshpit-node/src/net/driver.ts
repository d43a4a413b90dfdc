import { NEVER, unreachable, type Machine, type Micros } from "libmoshpit/util";
import { now } from "../clock/index.js";

/** Where a machine's outputs go. */
export interface Effects<Event, Path> {
  transmit(path: Path, bytes: Uint8Array): void;
  event(event: Event): void;
}

/** Datagrams that one machine sends in one turn of the event loop; others have their turn before it goes on. */
export const DATAGRAMS_A_TURN = 16;

/** Node's timers take at most this many milliseconds; a longer wait is taken in pieces. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Runs one machine: hands it the time, drains its outputs, keeps its one timer armed. The only place that
 * turns outputs into effects. What would fill a turn of the event loop goes on in the next one, after the others of this
 * process had theirs.
 */
export class Driver<Event, Path = undefined> {
  readonly #machine: Machine<Event, Path>;
  readonly #effects: Effects<Event, Path>;
  #timer: NodeJS.Timeout | undefined;
  #armedFor: Micros = NEVER;
  #draining = false;
  /** Datagrams of this turn, and what begins the next one. */
  #sentThisTurn = 0;
  #nextTurn: NodeJS.Immediate | undefined;
  #stopped = false;

  constructor(machine: Machine<Event, Path>, effects: Effects<Event, Path>) {
    this.#machine = machine;
    this.#effects = effects;
  }

  /** One mutation, then everything that follows from it. A mutation made by an effect joins the drain. */
  run(mutate: (now: Micros) => void): void {
    if (this.#stopped) return;
    mutate(now());
    this.#drain();
  }

  /** No further effects and no timer. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    clearImmediate(this.#nextTurn);
  }

  #drain(): void {
    if (this.#draining || this.#sentThisTurn >= DATAGRAMS_A_TURN) return;
    this.#draining = true;
    try {
      while (!this.#stopped) {
        const output = this.#machine.pollOutput();
        if (output.kind === "timeout") {
          this.#arm(output.at);
          return;
        }
        switch (output.kind) {
          case "transmit":
            this.#effects.transmit(output.path, output.bytes);
            this.#countDatagram();
            if (this.#sentThisTurn >= DATAGRAMS_A_TURN) return;
            break;
          case "event":
            this.#effects.event(output.event);
            break;
          default:
            unreachable(output);
        }
      }
    } finally {
      this.#draining = false;
    }
  }

  #countDatagram(): void {
    this.#sentThisTurn += 1;
    this.#nextTurn ??= setImmediate(() => {
      this.#nextTurn = undefined;
      const more = this.#sentThisTurn >= DATAGRAMS_A_TURN;
      this.#sentThisTurn = 0;
      if (more && !this.#stopped) this.#drain();
    });
  }

  #arm(at: Micros): void {
    if (at === this.#armedFor && this.#timer !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#armedFor = at;
    if (at === NEVER) return;
    const wait = Math.max(0, Math.ceil((at - now()) / 1_000));
    this.#timer = setTimeout(() => this.#fire(), Math.min(wait, LONGEST_TIMER_MS));
  }

  #fire(): void {
    this.#timer = undefined;
    this.#armedFor = NEVER;
    this.run((time) => this.#machine.handleTimeout(time));
  }
}
