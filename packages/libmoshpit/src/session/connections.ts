import { elapsed, micros, PeerError, type Micros } from "../util/index.js";
import { connectionIdOf, SILENCE_AFTER } from "../wire/index.js";
import type { Connection } from "./connection.js";
import { addCounters } from "./counters.js";
import type { AttachmentCounters } from "./events.js";
import type { Datagram } from "./transmission.js";

/**
 * The connections of an attachment: the current one, and while it is tried one that a resumption brought.
 * spec/10-path-and-life.md, PL-RESUME.
 */
export class Connections {
  #current: Connection;
  #candidate: { readonly connection: Connection; readonly generation: number } | undefined;
  #generation = 1;
  /** The newest that there was, whatever became of it: the peer may have gone over to it unheard. */
  #newest = 1;
  /** Of those that are over. */
  #former: AttachmentCounters | undefined;

  constructor(first: Connection) {
    this.#current = first;
  }

  get current(): Connection {
    return this.#current;
  }

  /** The newest generation, one that is tried or was given up included. */
  get generation(): number {
    return this.#newest;
  }

  get counters(): AttachmentCounters {
    const { counters } = this.#current;
    return this.#former === undefined ? counters : addCounters(this.#former, counters);
  }

  get nextTimeout(): Micros {
    const { nextTimeout } = this.#current;
    return micros(Math.min(nextTimeout, this.#candidate?.connection.nextTimeout ?? nextTimeout));
  }

  /** Whose packet that is, if it is one: the current connection's unless it names the other. */
  addressee(datagram: Uint8Array): Connection {
    const candidate = this.#candidate?.connection;
    return candidate !== undefined && connectionIdOf(datagram) === candidate.id ? candidate : this.#current;
  }

  /** The next datagram that has to leave now, if any. */
  next(now: Micros): Datagram | undefined {
    return this.#current.next(now) ?? this.#candidate?.connection.next(now);
  }

  /** Throws `PeerError` if a connection of that generation came too late. */
  requireNew(generation: number): void {
    const newest = this.#candidate?.generation ?? this.#generation;
    if (generation > this.#generation && generation >= newest) return;
    throw new PeerError("stale-generation", `generation ${generation} is over, ${newest} is the newest`);
  }

  /** Tries this connection; the id of the one that was tried before, if any. */
  try(connection: Connection, generation: number): bigint | undefined {
    const former = this.dropCandidate();
    this.#candidate = { connection, generation };
    this.#newest = Math.max(this.#newest, generation);
    return former;
  }

  /** The peer was heard on the one that is tried: it takes over. The id of the one that is over with it. */
  promote(): bigint | undefined {
    if (this.#candidate === undefined) return undefined;
    const { id } = this.#current;
    this.#current.silence();
    this.#former = this.counters;
    this.#current = this.#candidate.connection;
    this.#generation = this.#candidate.generation;
    this.#candidate = undefined;
    return id;
  }

  /** Tries it no longer; its id. */
  dropCandidate(): bigint | undefined {
    const { connection } = this.#candidate ?? {};
    connection?.silence();
    this.#candidate = undefined;
    return connection?.id;
  }

  /** Asks whether the peer is there, on every connection. */
  ask(): void {
    this.#current.ask();
    this.askCandidate();
  }

  askCandidate(): void {
    this.#candidate?.connection.ask();
  }

  /** Acknowledges on every connection: the peer may have gone over to the one that is tried. */
  acknowledge(): void {
    this.#current.acknowledge();
    this.#candidate?.connection.acknowledge();
  }

  /** Only acknowledges from here on. */
  linger(): void {
    this.#current.linger();
    this.#candidate?.connection.linger();
  }

  /** Says whether the first datagram of the current connection, or of the one that is tried, did not come in time. */
  handleTimeout(now: Micros): "current-expired" | "candidate-expired" | undefined {
    const candidate = this.#candidate?.connection.handleTimeout(now);
    if (this.#current.handleTimeout(now).expired) return "current-expired";
    return candidate?.expired === true && !this.#tryOn(now) ? "candidate-expired" : undefined;
  }

  /** No packets and no timers any more. */
  silence(): void {
    this.#current.silence();
    this.dropCandidate();
  }

  /** A client tries on in a silence: the server may have gone over to the candidate, unheard. PL-RESUME-003. */
  #tryOn(now: Micros): boolean {
    const candidate = this.#candidate?.connection;
    const isSilent = elapsed(this.#current.lastHeard, now) >= SILENCE_AFTER;
    if (candidate?.role !== "client" || !isSilent) return false;
    candidate.awaitFirstDatagram(now);
    return true;
  }
}
