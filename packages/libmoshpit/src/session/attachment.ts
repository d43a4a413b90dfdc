import {
  after,
  micros,
  PeerError,
  printable,
  unreachable,
  UsageError,
  type Machine,
  type Micros,
  type Output,
} from "../util/index.js";
import {
  CLIENT_CLOSE_LIFETIME,
  DRAIN_BELOW,
  encodeFrame,
  LINGER,
  SEQUENCE_WINDOW,
  SERVER_CLOSE_LIFETIME,
  type ReliableContent,
  type WindowSize,
} from "../wire/index.js";
import { Connection } from "./connection.js";
import { Connections } from "./connections.js";
import type {
  AttachmentConfig,
  AttachmentCounters,
  ClosedCause,
  CloseRequest,
  ConnectionInit,
  Counts,
  Path,
  ResumeInit,
  SessionEvent,
  StreamOptions,
} from "./events.js";
import { makeStreams, type Streams } from "./parts.js";
import type { Received } from "./reception.js";
import type { RoundTrip } from "./rtt.js";
import { Timers } from "./timers.js";

/**
 * Where an attachment is in its life (spec/10-path-and-life.md, PL-LIFE): `closing` after this side's Close,
 * `lingering` after the peer's, `over` when there are no packets and no timers any more.
 */
type Life = "open" | "closing" | "lingering" | "over";

/** Acknowledgements of the peer's Close that leave at once. */
const FAREWELLS = 3;

/**
 * One client's hold on a session, the same for both roles: octets of streams and sizes go in and come out exactly
 * once and in order, whatever the network does and over as many connections as it takes. Holds no socket and no
 * clock (`Machine`).
 *
 * What the caller does wrong is a `UsageError`; what the network or the peer does never throws, except that `resume`
 * refuses what can not be. After the peer's Close or the end, calls that came too late are ignored, for the caller
 * could not know.
 */
export class Attachment implements Machine<SessionEvent, Path> {
  readonly #config: AttachmentConfig;
  readonly #streams: Streams = makeStreams();
  readonly #timers = new Timers<"detached" | "close" | "linger">();
  readonly #events: SessionEvent[] = [];
  readonly #connections: Connections;
  #life: Life = "open";
  #now: Micros;
  #lastHeard: Micros;
  #aboveDrain = false;
  #farewells = 0;

  constructor(config: AttachmentConfig) {
    this.#config = config;
    this.#now = config.now;
    this.#lastHeard = config.now;
    this.#connections = new Connections(this.#connect(config));
    this.#armDetached();
  }

  /** Octets of streams that were accepted and that the peer has not acknowledged. */
  get bufferedAmount(): number {
    return this.#streams.send.bufferedAmount;
  }

  /** Octets that were delivered and not `consumed`. */
  get receivedNotConsumed(): number {
    return this.#streams.receive.heldOctets;
  }

  /** The path's round trip; undefined before the first sample. */
  get rtt(): RoundTrip | undefined {
    return this.#connections.current.rtt;
  }

  /** When the peer was last heard, or the start. */
  get lastHeard(): Micros {
    return this.#lastHeard;
  }

  /** The newest generation of its connections, one that is tried or was given up included. */
  get generation(): number {
    return this.#connections.generation;
  }

  /** What the peer is told when the attachment is resumed. */
  get counts(): Counts {
    const { send, receive } = this.#streams;
    return { nextSequence: send.nextSequence, cumulativeSequence: receive.cumulative };
  }

  get counters(): AttachmentCounters {
    return this.#connections.counters;
  }

  /** A datagram came from `from`. Whatever is not an authentic new packet of a connection is only counted. */
  handleDatagram(now: Micros, from: Path, datagram: Uint8Array): void {
    this.#advance(now);
    if (this.#life === "over") return;
    const connection = this.#connections.addressee(datagram);
    const received = connection.receive(now, from, datagram);
    if (received !== undefined) this.#received(now, from, connection, received);
  }

  handleTimeout(now: Micros): void {
    this.#advance(now);
    for (const timer of this.#timers.takeDue(now)) {
      if (this.#life !== "over") this.#over(CAUSES[timer]);
    }
    if (this.#life === "over") return;
    const expired = this.#connections.handleTimeout(now);
    if (expired === "current-expired") this.#over("no-first-datagram");
    else if (expired === "candidate-expired") this.#retire(this.#connections.dropCandidate());
  }

  /**
   * A new handshake gave this attachment another connection. It is tried beside the current one, and takes its place
   * with the first authentic packet. A newer one takes the place of one that is still tried. `false` if it is too late:
   * the peer has closed, or this side is over.
   * Throws `PeerError` if the generation is an old one or the peer's counts can not be.
   */
  resume(now: Micros, init: ResumeInit): boolean {
    this.#advance(now);
    if (this.#life === "lingering" || this.#life === "over") return false;
    const { send, receive } = this.#streams;
    this.#connections.requireNew(init.generation);
    if (init.cumulativeSequence > send.nextSequence || init.nextSequence > receive.limit)
      throw new PeerError("impossible-counts", "the peer counts frames that never were");
    // The handshake says nothing of the peer's window: as much is held as opens none.
    send.acknowledge(init.cumulativeSequence, [], SEQUENCE_WINDOW);
    receive.announced(init.nextSequence);
    this.#retire(this.#connections.try(this.#connect(init), init.generation));
    return true;
  }

  /** The machine slept, or the network changed: whether the peer is there is asked at once. */
  wake(now: Micros): void {
    this.#advance(now);
    if (this.#life !== "open" && this.#life !== "closing") return;
    this.#connections.ask();
  }

  /** Octets for a stream: the client's input; the server's output, or its standard error. Kept, not copied. */
  write(now: Micros, bytes: Uint8Array, options: StreamOptions = {}): void {
    this.#advance(now);
    if (this.#ignores()) return;
    this.#streams.send.write(bytes, this.#standardError(options));
    if (this.bufferedAmount >= DRAIN_BELOW) this.#aboveDrain = true;
    this.#connections.askCandidate();
  }

  /** Nothing follows on this stream. */
  end(now: Micros, options: StreamOptions = {}): void {
    this.#advance(now);
    if (this.#ignores()) return;
    this.#streams.send.end(this.#standardError(options));
    this.#connections.askCandidate();
  }

  /** The client's terminal has this size, or the server has applied it. */
  resize(now: Micros, size: WindowSize): void {
    this.#advance(now);
    if (this.#ignores()) return;
    encodeFrame({ kind: "resize", size, sequence: 0 });
    this.#streams.send.resize(size);
    this.#connections.askCandidate();
  }

  /**
   * Forgets the octets of streams that have no sequence number yet, and says how many there were: the server's, to
   * have a repaint stand in for them. spec/10-path-and-life.md, PL-ABANDON.
   */
  discardUnsent(now: Micros): number {
    this.#advance(now);
    if (this.#life !== "open") return 0;
    const discarded = this.#streams.send.discardUnsent();
    this.#progressed();
    return discarded;
  }

  /** Ends the session or attachment, after everything written before. Data that still arrives is discarded. */
  close(now: Micros, request: CloseRequest): void {
    this.#advance(now);
    if (this.#ignores()) return;
    encodeFrame({ kind: "close", ...request, sequence: 0 });
    const { send, receive } = this.#streams;
    send.close({ kind: "close", ...request });
    this.#life = "closing";
    receive.consumed(receive.heldOctets);
    this.#connections.current.announceWindow();
    this.#connections.askCandidate();
    this.#armClose();
  }

  /** The application took that many of the delivered octets. Throws `UsageError` if there were not as many. */
  consumed(now: Micros, octets: number): void {
    this.#advance(now);
    if (this.#life !== "open") return;
    const { receive } = this.#streams;
    if (!Number.isSafeInteger(octets) || octets < 0 || octets > receive.heldOctets) {
      throw new UsageError(`${octets} octets were not delivered`);
    }
    receive.consumed(octets);
    this.#connections.current.announceWindow();
  }

  /** No packets, events or timers any more. */
  abandon(now: Micros): void {
    this.#advance(now);
    this.#events.length = 0;
    this.#silence();
  }

  pollOutput(): Output<SessionEvent, Path> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) return { kind: "event", event };
      const datagram = this.#connections.next(this.#now);
      if (datagram !== undefined) return { kind: "transmit", ...datagram };
      if (!this.#settle()) return { kind: "timeout", at: this.#nextTimeout() };
    }
  }

  #connect(init: ConnectionInit): Connection {
    const { role, crypto, entropy } = this.#config;
    if (role === "client" && init.path === undefined)
      throw new UsageError("a client needs the server's path");
    return new Connection({ ...init, role, crypto, entropy, now: this.#now }, this.#streams);
  }

  #nextTimeout(): Micros {
    return micros(Math.min(this.#timers.next, this.#connections.nextTimeout));
  }

  /** What follows once nothing is left to send; says whether that makes new output. */
  #settle(): boolean {
    if (this.#life === "over") return false;
    if (this.#connections.current.isExhausted) this.#over("limit");
    else if (this.#life !== "lingering" || !this.#farewell()) return false;
    return true;
  }

  #advance(now: Micros): void {
    if (now < this.#now) throw new UsageError("time went back");
    this.#now = now;
  }

  /** Whether a call comes too late through no fault of the caller. */
  #ignores(): boolean {
    if (this.#life === "closing") throw new UsageError("this side has closed");
    return this.#life !== "open";
  }

  #standardError({ standardError = false }: StreamOptions): boolean {
    if (standardError && this.#config.role === "client")
      throw new UsageError("a client has no standard error");
    return standardError;
  }

  #received(now: Micros, from: Path, connection: Connection, received: Received): void {
    if (this.#life === "lingering") return;
    this.#lastHeard = now;
    this.#announce(from, connection, received);
    connection.heard(now, received);
    this.#armDetached();
    if (this.#life === "closing") this.#armClose();
    for (const content of received.delivered) this.#deliver(content);
    if (received.progress) this.#progressed();
  }

  #announce(path: Path, connection: Connection, { first, moved }: Received): void {
    if (connection !== this.#connections.current) {
      this.#promote();
      this.#events.push({ type: "resumed", path });
    } else if (first) {
      this.#events.push({ type: "established", path });
    } else if (moved) {
      this.#events.push({ type: "path", path });
    }
  }

  /** What the former connection had in flight is sent again on this one: nothing is known of its fate. */
  #promote(): void {
    this.#streams.send.askAll();
    this.#retire(this.#connections.promote());
  }

  #retire(connectionId: bigint | undefined): void {
    if (connectionId !== undefined) this.#events.push({ type: "retired", connectionId });
  }

  #progressed(): void {
    if (this.#life === "closing" && this.#streams.send.closeAcknowledged) {
      this.#over("local-close-acknowledged");
    } else if (this.#aboveDrain && this.bufferedAmount < DRAIN_BELOW) {
      this.#aboveDrain = false;
      this.#events.push({ type: "drain" });
    }
  }

  #deliver(content: ReliableContent): void {
    switch (content.kind) {
      case "data":
        if (this.#life !== "open") return;
        this.#deliverData(content.bytes, content.standardError, content.end);
        return;
      case "resize":
        if (this.#life === "open") this.#events.push({ type: "resize", size: content.size });
        return;
      case "close": {
        const { kind: _kind, text, ...rest } = content;
        const shown = printable(text ?? "");
        this.#events.push({ type: "close", ...rest, ...(shown !== "" && { text: shown }) });
        this.#linger();
        return;
      }
      default:
        unreachable(content);
    }
  }

  #deliverData(bytes: Uint8Array, standardError: boolean, end: boolean): void {
    if (bytes.length > 0) {
      this.#streams.receive.hold(bytes.length);
      this.#events.push({ type: "data", bytes, standardError });
    }
    if (end) this.#events.push({ type: "end", standardError });
  }

  /** Acknowledges the peer's Close a few times; where nothing is lost on the way to it, that is enough. */
  #farewell(): boolean {
    if (this.#connections.current.owesAcknowledgement) return false;
    this.#farewells += 1;
    if (this.#farewells < FAREWELLS) this.#connections.acknowledge();
    else if (this.#connections.current.losesPackets) return false;
    else this.#over("peer-close");
    return true;
  }

  /** Only acknowledges from here on. */
  #linger(): void {
    this.#life = "lingering";
    this.#streams.send.clear();
    this.#timers.clearAll();
    this.#connections.linger();
    this.#timers.set(
      "linger",
      after(this.#now, micros(Math.min(LINGER, 3 * this.#connections.current.probeTimeout))),
    );
  }

  #armDetached(): void {
    const { detachedLifetime } = this.#config;
    if (detachedLifetime === undefined) return;
    this.#timers.set("detached", after(this.#lastHeard, detachedLifetime));
  }

  #armClose(): void {
    const { role, closeLifetime } = this.#config;
    const lifetime = closeLifetime ?? (role === "client" ? CLIENT_CLOSE_LIFETIME : SERVER_CLOSE_LIFETIME);
    this.#timers.set("close", after(this.#now, lifetime));
  }

  #over(cause: ClosedCause): void {
    this.#silence();
    this.#events.push({ type: "closed", cause });
  }

  #silence(): void {
    this.#life = "over";
    this.#timers.clearAll();
    this.#connections.silence();
    this.#streams.send.clear();
  }
}

/** What a timer of the attachment ends it for. */
const CAUSES = {
  detached: "detached-too-long",
  close: "local-close-unanswered",
  linger: "peer-close",
} as const satisfies Record<string, ClosedCause>;
