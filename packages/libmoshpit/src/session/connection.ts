import { after, unreachable, type Micros } from "../util/index.js";
import { PacketOpener, PacketSealer } from "../wire/index.js";
import type { AttachmentCounters, ConnectionParameters, Path, Role } from "./events.js";
import { makeParts, type Parts, type Streams, type TimerName } from "./parts.js";
import { Reception, type Received } from "./reception.js";
import type { RoundTrip } from "./rtt.js";
import { Transmission, type Datagram } from "./transmission.js";

/**
 * One connection of an attachment: its keys and packet numbers, and all that is known of the path. The frames that it
 * carries belong to the attachment. spec/10-path-and-life.md, PL-RESUME.
 */
export class Connection {
  readonly id: bigint;
  readonly role: Role;
  readonly #firstDatagram: Micros | undefined;
  readonly #parts: Parts;
  readonly #sealer: PacketSealer;
  readonly #opener: PacketOpener;
  readonly #transmission: Transmission;
  readonly #reception: Reception;
  #pathMoves = 0;
  #isOver = false;

  constructor(parameters: ConnectionParameters, streams: Streams) {
    const { role, crypto, secrets, connectionId, now, firstDatagram } = parameters;
    const [mine, theirs] =
      role === "client"
        ? [secrets.clientToServer, secrets.serverToClient]
        : [secrets.serverToClient, secrets.clientToServer];
    this.id = connectionId;
    this.role = role;
    this.#firstDatagram = firstDatagram;
    this.#parts = makeParts(parameters, streams);
    this.#sealer = new PacketSealer(crypto, secrets.suite, connectionId, mine);
    this.#opener = new PacketOpener(crypto, secrets.suite, connectionId, theirs);
    this.#transmission = new Transmission(this.#parts, this.#sealer);
    this.#reception = new Reception(this.#parts, this.#opener);
    if (role === "client") this.#parts.due.add("heartbeat");
    this.awaitFirstDatagram(now);
  }

  /** No packet may be sent any more: the packet numbers are used up. */
  get isExhausted(): boolean {
    return this.#sealer.exhausted;
  }

  /** The last authentic packet, or the start. */
  get lastHeard(): Micros {
    return this.#parts.heard.last;
  }

  get rtt(): RoundTrip | undefined {
    return this.#parts.rtt.current;
  }

  /** After which time the tail is probed. */
  get probeTimeout(): Micros {
    return this.#parts.rtt.probeTimeout;
  }

  /** Whether the peer reports that packets to it are lost. */
  get losesPackets(): boolean {
    return this.#parts.peerReport.loss > 0;
  }

  get owesAcknowledgement(): boolean {
    return this.#parts.due.has("acknowledgement");
  }

  get counters(): AttachmentCounters {
    return {
      packetsSent: this.#sealer.nextPacketNumber,
      dropped: this.#opener.dropped,
      pathMoves: this.#pathMoves,
      ...this.#transmission.counters,
      ...this.#reception.counters,
    };
  }

  get nextTimeout(): Micros {
    return this.#parts.timers.next;
  }

  /** Undefined unless the datagram is a packet of this connection, and new. */
  receive(now: Micros, from: Path, datagram: Uint8Array): Received | undefined {
    return this.#reception.receive(now, from, datagram, this.#sealer.nextPacketNumber);
  }

  /** From now on there is the time for it that this connection was given, if it was given one. */
  awaitFirstDatagram(now: Micros): void {
    if (this.#firstDatagram === undefined) return;
    this.#parts.timers.set("first-datagram", after(now, this.#firstDatagram));
  }

  /** What a packet asks for, beyond the frames that it brought. */
  heard(now: Micros, { first, moved, challenge }: Received): void {
    if (first) this.#parts.timers.clear("first-datagram");
    if (moved && !first) this.#pathMoves += 1;
    if (challenge !== undefined) this.#transmission.respond(challenge);
    this.#transmission.heard(now);
  }

  /** The next datagram that has to leave now, if any. */
  next(now: Micros): Datagram | undefined {
    return this.#isOver ? undefined : this.#transmission.next(now);
  }

  /** Says whether the first datagram did not come in time. */
  handleTimeout(now: Micros): { readonly expired: boolean } {
    let expired = false;
    for (const timer of this.#parts.timers.takeDue(now)) {
      if (timer === "first-datagram") expired = true;
      else this.#expired(now, timer);
    }
    return { expired };
  }

  acknowledge(): void {
    this.#parts.due.add("acknowledgement");
  }

  /** The application took data. */
  announceWindow(): void {
    this.#transmission.announceWindow();
  }

  /** Sends at once, what is unacknowledged or a question: the peer's answer shows that the path is alive. */
  ask(): void {
    const { due, role, send } = this.#parts;
    if (role === "client") due.add(send.hasInFlight ? "probe" : "liveness");
  }

  /** Only acknowledges from here on. */
  linger(): void {
    this.#parts.timers.clearAll();
    this.#parts.due.clear();
    this.acknowledge();
  }

  /** No packets and no timers any more. */
  silence(): void {
    this.#isOver = true;
    this.#parts.timers.clearAll();
    this.#parts.due.clear();
  }

  #expired(now: Micros, timer: Exclude<TimerName, "first-datagram">): void {
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
      case "liveness":
        this.#transmission.question(now);
        return;
      case "challenge":
      case "pace":
        return;
      case "announcement":
        this.#transmission.announceAgain();
        return;
      default:
        unreachable(timer);
    }
  }
}
