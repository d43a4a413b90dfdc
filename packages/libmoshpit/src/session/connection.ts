import {
  after,
  micros,
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
  PacketOpener,
  PacketSealer,
  SERVER_CLOSE_LIFETIME,
  type ReliableContent,
  type WindowSize,
} from "../wire/index.js";
import type {
  ClosedCause,
  CloseRequest,
  ConnectionConfig,
  ConnectionCounters,
  Path,
  SessionEvent,
  StreamOptions,
} from "./events.js";
import { makeParts, type Parts, type TimerName } from "./parts.js";
import { Reception, type Received } from "./reception.js";
import type { RoundTrip } from "./rtt.js";
import { Transmission } from "./transmission.js";

/**
 * Where a connection is in its life (spec/10-path-and-life.md, PL-LIFE): `closing` after this side's Close,
 * `lingering` after the peer's, `over` when there are no packets and no timers any more.
 */
type Life = "open" | "closing" | "lingering" | "over";

/** Acknowledgements of the peer's Close that leave at once. */
const FAREWELLS = 3;

/**
 * One connection of a session, the same for both roles: octets of streams and sizes go in and come out exactly
 * once and in order, whatever the network does. Holds no socket and no clock (`Machine`).
 *
 * What the caller does wrong is a `UsageError`; what the network or the peer does never throws. After the peer's
 * Close or the end, calls that came too late are ignored, for the caller could not know.
 */
export class Connection implements Machine<SessionEvent, Path> {
  readonly #config: ConnectionConfig;
  readonly #parts: Parts;
  readonly #sealer: PacketSealer;
  readonly #opener: PacketOpener;
  readonly #transmission: Transmission;
  readonly #reception: Reception;
  readonly #events: SessionEvent[] = [];
  #life: Life = "open";
  #now: Micros;
  #aboveDrain = false;
  #pathMoves = 0;
  #farewells = 0;

  constructor(config: ConnectionConfig) {
    const { role, crypto, secrets, connectionId } = config;
    if (role === "client" && config.path === undefined)
      throw new UsageError("a client needs the server's path");
    const [mine, theirs] =
      role === "client"
        ? [secrets.clientToServer, secrets.serverToClient]
        : [secrets.serverToClient, secrets.clientToServer];
    this.#config = config;
    this.#now = config.now;
    this.#parts = makeParts(config);
    this.#sealer = new PacketSealer(crypto, secrets.suite, connectionId, mine);
    this.#opener = new PacketOpener(crypto, secrets.suite, connectionId, theirs);
    this.#transmission = new Transmission(this.#parts, this.#sealer);
    this.#reception = new Reception(this.#parts, this.#opener);
    if (role === "client") this.#parts.due.add("heartbeat");
    if (config.firstDatagram !== undefined) {
      this.#parts.timers.set("first-datagram", after(config.now, config.firstDatagram));
    }
    this.#armDetached();
  }

  /** Octets of streams that were accepted and that the peer has not acknowledged. */
  get bufferedAmount(): number {
    return this.#parts.send.bufferedAmount;
  }

  /** Octets that were delivered and not `consumed`. */
  get receivedNotConsumed(): number {
    return this.#parts.receive.heldOctets;
  }

  /** The path's round trip; undefined before the first sample. */
  get rtt(): RoundTrip | undefined {
    return this.#parts.rtt.current;
  }

  /** When the peer was last heard, or the start. */
  get lastHeard(): Micros {
    return this.#parts.heard.last;
  }

  get counters(): ConnectionCounters {
    return {
      packetsSent: this.#sealer.nextPacketNumber,
      dropped: this.#opener.dropped,
      pathMoves: this.#pathMoves,
      ...this.#transmission.counters,
      ...this.#reception.counters,
    };
  }

  /** A datagram came from `from`. Whatever is not an authentic new packet of this connection is only counted. */
  handleDatagram(now: Micros, from: Path, datagram: Uint8Array): void {
    this.#advance(now);
    if (this.#life === "over") return;
    const received = this.#reception.receive(now, from, datagram, this.#sealer.nextPacketNumber);
    if (received !== undefined) this.#received(now, from, received);
  }

  handleTimeout(now: Micros): void {
    this.#advance(now);
    for (const timer of this.#parts.timers.takeDue(now)) {
      if (this.#life !== "over") this.#expired(now, timer);
    }
  }

  /** Octets for a stream: the client's input; the server's output, or its standard error. Kept, not copied. */
  write(now: Micros, bytes: Uint8Array, options: StreamOptions = {}): void {
    this.#advance(now);
    if (this.#ignores()) return;
    this.#parts.send.write(bytes, this.#standardError(options));
    if (this.bufferedAmount >= DRAIN_BELOW) this.#aboveDrain = true;
  }

  /** Nothing follows on this stream. */
  end(now: Micros, options: StreamOptions = {}): void {
    this.#advance(now);
    if (!this.#ignores()) this.#parts.send.end(this.#standardError(options));
  }

  /** The client's terminal has this size, or the server has applied it. */
  resize(now: Micros, size: WindowSize): void {
    this.#advance(now);
    if (this.#ignores()) return;
    encodeFrame({ kind: "resize", size, sequence: 0 });
    this.#parts.send.resize(size);
  }

  /** Ends the session or attachment, after everything written before. Data that still arrives is discarded. */
  close(now: Micros, request: CloseRequest): void {
    this.#advance(now);
    if (this.#ignores()) return;
    encodeFrame({ kind: "close", ...request, sequence: 0 });
    this.#parts.send.close({ kind: "close", ...request });
    this.#life = "closing";
    this.#parts.receive.consumed(this.#parts.receive.heldOctets);
    this.#transmission.announceWindow();
    this.#armClose();
  }

  /** The application took that many of the delivered octets. Throws `UsageError` if there were not as many. */
  consumed(now: Micros, octets: number): void {
    this.#advance(now);
    if (this.#life !== "open") return;
    if (!Number.isSafeInteger(octets) || octets < 0 || octets > this.#parts.receive.heldOctets) {
      throw new UsageError(`${octets} octets were not delivered`);
    }
    this.#parts.receive.consumed(octets);
    this.#transmission.announceWindow();
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
      const datagram = this.#life === "over" ? undefined : this.#transmission.next(this.#now);
      if (datagram !== undefined) return { kind: "transmit", ...datagram };
      if (!this.#settle()) return { kind: "timeout", at: this.#parts.timers.next };
    }
  }

  /** What follows once nothing is left to send; says whether that makes new output. */
  #settle(): boolean {
    if (this.#life === "over") return false;
    if (this.#sealer.exhausted) this.#over("limit");
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

  #received(now: Micros, from: Path, received: Received): void {
    if (this.#life === "lingering") return;
    if (received.first) {
      this.#parts.timers.clear("first-datagram");
      this.#events.push({ type: "established", path: from });
    } else if (received.moved) {
      this.#pathMoves += 1;
      this.#events.push({ type: "path", path: from });
    }
    if (received.challenge !== undefined) this.#transmission.respond(received.challenge);
    this.#transmission.heard(now);
    this.#armDetached();
    if (this.#life === "closing") this.#armClose();
    for (const content of received.delivered) this.#deliver(content);
    if (received.progress) this.#progressed();
  }

  #progressed(): void {
    if (this.#life === "closing" && this.#parts.send.closeAcknowledged) {
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
      this.#parts.receive.hold(bytes.length);
      this.#events.push({ type: "data", bytes, standardError });
    }
    if (end) this.#events.push({ type: "end", standardError });
  }

  /** Acknowledges the peer's Close a few times; where nothing is lost on the way to it, that is enough. */
  #farewell(): boolean {
    const { due, peerReport } = this.#parts;
    if (due.has("acknowledgement")) return false;
    this.#farewells += 1;
    if (this.#farewells < FAREWELLS) due.add("acknowledgement");
    else if (peerReport.loss > 0) return false;
    else this.#over("peer-close");
    return true;
  }

  /** Only acknowledges from here on. */
  #linger(): void {
    const { send, timers, due, rtt } = this.#parts;
    this.#life = "lingering";
    send.clear();
    timers.clearAll();
    due.clear();
    due.add("acknowledgement");
    timers.set("linger", after(this.#now, micros(Math.min(LINGER, 3 * rtt.probeTimeout))));
  }

  #expired(now: Micros, timer: TimerName): void {
    const { due, heard } = this.#parts;
    switch (timer) {
      case "acknowledgement":
        due.add("acknowledgement");
        return;
      case "nak":
        due.add("nak");
        return;
      case "repeat":
        this.#transmission.repeat(now);
        return;
      case "probe-twin":
        if (heard.maySend(now)) this.#transmission.repeatProbe();
        return;
      case "probe":
        if (heard.maySend(now)) this.#transmission.probeTimedOut();
        return;
      case "heartbeat":
      case "greeting":
        if (heard.maySend(now)) due.add("heartbeat");
        return;
      case "challenge":
      case "pace":
        return;
      case "announcement":
        this.#transmission.announceAgain();
        return;
      case "first-datagram":
        this.#over("no-first-datagram");
        return;
      case "detached":
        this.#over("detached-too-long");
        return;
      case "close":
        this.#over("local-close-unanswered");
        return;
      case "linger":
        this.#over("peer-close");
        return;
      default:
        unreachable(timer);
    }
  }

  #armDetached(): void {
    const { detachedLifetime } = this.#config;
    if (detachedLifetime === undefined) return;
    this.#parts.timers.set("detached", after(this.#parts.heard.last, detachedLifetime));
  }

  #armClose(): void {
    const { role, closeLifetime } = this.#config;
    const lifetime = closeLifetime ?? (role === "client" ? CLIENT_CLOSE_LIFETIME : SERVER_CLOSE_LIFETIME);
    this.#parts.timers.set("close", after(this.#now, lifetime));
  }

  #over(cause: ClosedCause): void {
    this.#silence();
    this.#events.push({ type: "closed", cause });
  }

  #silence(): void {
    this.#life = "over";
    this.#parts.timers.clearAll();
    this.#parts.due.clear();
    this.#parts.send.clear();
  }
}
