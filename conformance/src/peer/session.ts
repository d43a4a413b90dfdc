import { concatBytes, equalBytes, micros, millis, type Micros } from "libmoshpit/util";
import {
  connectionIdOf,
  type ConnectionSecrets,
  type Frame,
  type ReliableContent,
  type WindowSize,
} from "libmoshpit/wire";
import { EventQueue } from "testkit";
import { must, type CaseContext } from "../run/case.js";
import type { CloseReason } from "../gen/moshpit/v1/packet_pb.js";
import type { ObservedPacket } from "./observed.js";
import type { Observer } from "./observer.js";
import { Link } from "./link.js";
import type { PacketOptions, ScriptedPeer, SealedPacket } from "./scripted-peer.js";
import { CONNECTION_ID, establish, SERVER_ADDRESS, type SetupOptions } from "./setup.js";
import type { Subject } from "./subject.js";

/** The runner's address when it plays the client. */
export const CLIENT_ADDRESS = "client:61001";

/** One way, in the networks of the scripted cases. */
export const ONE_WAY: Micros = millis(50);
export const ROUND_TRIP: Micros = millis(100);

/**
 * A session between the testee and a peer that the case plays, on virtual time. What the testee sends arrives at the
 * peer `ONE_WAY` later unless `loses` says otherwise; what the peer sends is given by the case, or, with
 * `acknowledges`, follows from what arrived.
 */
export class Session {
  readonly context: CaseContext;
  readonly subject: Subject;
  /** Its connections, in the order of their handshakes. */
  readonly links: Link[];
  /** Whether the network loses a packet of the testee. */
  loses: (packet: ObservedPacket) => boolean = () => false;
  /** Whether the peer acknowledges at once what brings something new, and answers Challenges. */
  acknowledges = true;
  /** Where the peer's packets come from. */
  peerAddress: string;
  readonly #queue = new EventQueue<() => Promise<void> | void>();

  #current: Link;

  constructor(context: CaseContext, subject: Subject, link: Link) {
    this.context = context;
    this.subject = subject;
    this.links = [link];
    this.#current = link;
    this.peerAddress = context.role === "client" ? SERVER_ADDRESS : CLIENT_ADDRESS;
    subject.onDatagram = (address, bytes) => this.#sent(address, bytes);
  }

  /** After its handshake. A client's first packet may have been sent. */
  static async open(context: CaseContext, options: SetupOptions = {}): Promise<Session> {
    const held: [string, Uint8Array][] = [];
    const { subject, secrets } = await establish(context, {
      ...options,
      onSubject: (made) => (made.onDatagram = (address, bytes) => void held.push([address, bytes])),
    });
    const session = new Session(context, subject, new Link(context, secrets, CONNECTION_ID));
    for (const [address, bytes] of held) session.#sent(address, bytes);
    return session;
  }

  /** Opened, with both sides heard, a round trip known, and a path that lost nothing over 30 packets. */
  static async settled(context: CaseContext, options: SetupOptions = {}): Promise<Session> {
    const session = await Session.open(context, options);
    await session.greet();
    for (let i = 0; i < SETTLING_ROUNDS; i++) {
      if (options.manualTaking !== true) await session.give([session.peer.data(Uint8Array.of(0x61))]);
      await session.write(Uint8Array.of(0x78));
      await session.runFor(ROUNDS_APART_MS);
    }
    await session.runFor(1_000);
    must(
      session.observer.allAcknowledged,
      undefined,
      "the testee is not settled: something is unacknowledged",
    );
    return session;
  }

  get now(): Micros {
    return this.subject.now;
  }

  get role(): "client" | "server" {
    return this.context.role;
  }

  get packets(): readonly ObservedPacket[] {
    return this.observer.packets;
  }

  /** The connection on which the testee was heard, or will be first. */
  get current(): Link {
    return this.#current;
  }

  get observer(): Observer {
    return this.#current.observer;
  }

  get peer(): ScriptedPeer {
    return this.#current.peer;
  }

  /** A handshake resumed the session: another connection, tried beside the current one, in place of one before. */
  addLink(secrets: ConnectionSecrets, connectionId: bigint): Link {
    const link = new Link(this.context, secrets, connectionId, this.#current);
    for (const before of this.links) before.isErased ||= before !== this.#current;
    this.links.push(link);
    return link;
  }

  /** The testee's packets on the current connection from that moment on. */
  since(moment: Micros): ObservedPacket[] {
    return this.packets.filter(({ at }) => at >= moment);
  }

  /** The first packets between client and server, until the path is validated. */
  async greet(): Promise<void> {
    if (this.role === "server") await this.give([{ kind: "heartbeat" }], { padTo: this.peer.maxPlaintext });
    else await this.runFor(60);
    await this.runFor(400);
  }

  /** What the testee's own side puts in: typed, or written by the program. */
  async write(bytes: Uint8Array): Promise<void> {
    const input = this.role === "client" ? ("typed" as const) : ("output" as const);
    await this.subject.step({ case: input, value: { octets: bytes } });
  }

  async end(): Promise<void> {
    await this.subject.step({ case: "end", value: {} });
  }

  async resize(size: WindowSize): Promise<void> {
    await this.subject.step({ case: "resize", value: size });
  }

  async close(reason: CloseReason, text = ""): Promise<void> {
    await this.subject.step({ case: "close", value: { reason, text } });
  }

  /** The peer's next packet, and it arrives now: it was sent `ONE_WAY` ago. */
  async give(frames: readonly Frame[] = [], options: PacketOptions = {}): Promise<SealedPacket> {
    return await this.giveOn(this.#current, frames, options);
  }

  /** The same on one of its connections. */
  async giveOn(
    link: Link,
    frames: readonly Frame[] = [],
    options: PacketOptions = {},
  ): Promise<SealedPacket> {
    const packet = link.peer.packet(this.now, frames, { sentAgo: ONE_WAY, ...options });
    await this.deliver(packet, this.peerAddress, link);
    return packet;
  }

  /** A packet of the peer arrives now. The first one of a connection that is tried makes it the current one. */
  async deliver(
    packet: SealedPacket,
    from: string = this.peerAddress,
    link: Link = this.#current,
  ): Promise<void> {
    const { number, payload, bytes } = packet;
    if (link !== this.#current) this.#promote(link);
    link.observer.given({ at: this.now, from, number, octets: bytes.length, payload });
    await this.deliverRaw(bytes, from);
  }

  /** Octets arrive now that are no valid new packet, or of which the observer was told. */
  async deliverRaw(bytes: Uint8Array, from: string = this.peerAddress): Promise<void> {
    await this.subject.step({ case: "datagram", value: { address: from, octets: bytes } });
  }

  /** Does something `wait` from now. */
  later(wait: Micros, action: () => Promise<void>): void {
    this.#queue.push(micros(this.now + wait), action);
  }

  async runFor(milliseconds: number): Promise<void> {
    await this.runUntil(micros(this.now + milliseconds * 1_000));
  }

  /** Runs to that moment. */
  async runUntil(until: Micros): Promise<void> {
    while (await this.#next(until));
    this.subject.moveTo(until);
  }

  /** Runs until the condition holds, at most so long; says whether it does. */
  async runUntilTrue(condition: () => boolean, milliseconds: number): Promise<boolean> {
    const until = micros(this.now + milliseconds * 1_000);
    while (!condition()) {
      if (await this.#next(until)) continue;
      this.subject.moveTo(until);
      return condition();
    }
    return true;
  }

  /** What the peer got from the testee's stream, in order. */
  get peerStream(): Uint8Array {
    const frames = new Map<number, Uint8Array>();
    for (const packet of this.links.flatMap((link) => link.observer.packets))
      for (const frame of packet.payload.frames)
        if (frame.kind === "data" && !frame.standardError) frames.set(frame.sequence, frame.bytes);
    const parts: Uint8Array[] = [];
    for (const [sequence, bytes] of [...frames].sort(([a], [b]) => a - b))
      if (sequence < this.peer.cumulative) parts.push(bytes);
    return concatBytes(...parts);
  }

  /** The testee delivered exactly what is in order of what it was given. */
  mustDeliverAll(): void {
    const expected = concatBytes(
      ...this.peer.frames
        .slice(0, this.observer.cumulativeGiven)
        .flatMap((frame: ReliableContent) =>
          frame.kind === "data" && !frame.standardError ? [frame.bytes] : [],
        ),
    );
    const delivered = this.subject.delivered();
    must(
      equalBytes(delivered, expected),
      "TR-ORDER-001",
      () => `${delivered.length} octets were delivered where ${expected.length} were in order, or others`,
    );
  }

  /** That connection is the current one from here on, and the ones before it are erased. PL-RESUME-004. */
  #promote(link: Link): void {
    must(!link.isErased, undefined, "a connection that is over was to be used");
    for (const before of this.links.slice(0, this.links.indexOf(link))) before.isErased = true;
    this.#current = link;
  }

  #sent(address: string, bytes: Uint8Array): void {
    const id = connectionIdOf(bytes);
    const link = this.links.find((each) => each.id === id) ?? this.#current;
    const packet = link.observer.observe(this.now, address, bytes);
    must(!link.isErased, "PL-RESUME-004", "a packet left on a connection that another one replaced");
    must(
      link === this.#current || this.role === "client",
      "PL-RESUME-003",
      "a server sent on a connection on which it has heard nothing",
    );
    if (this.loses(packet)) {
      this.context.log.push(`                 (lost: #${packet.number})`);
      return;
    }
    this.#queue.push(micros(this.now + ONE_WAY), () => this.#arrive(packet, link));
  }

  #arrive(packet: ObservedPacket, link: Link): void {
    // A client that moved is not where it was, and nobody is at a connection that is over.
    if (packet.address !== this.peerAddress || link.isErased) return;
    const fresh = link.peer.arrived(this.now, packet);
    if (!this.acknowledges) return;
    const tokens = packet.payload.frames.flatMap((frame) =>
      frame.kind === "challenge" ? [frame.token] : [],
    );
    const token = tokens.at(-1);
    const greeting = packet.number === 0 && this.role === "client";
    if (!fresh && token === undefined && !greeting) return;
    const answer: Frame[] = token === undefined ? [] : [{ kind: "challenge-response", token }];
    const sealed = link.peer.packet(this.now, answer);
    this.#queue.push(micros(this.now + ONE_WAY), async () => {
      if (!link.isErased) await this.deliver(sealed, this.peerAddress, link);
    });
  }

  /** The next thing that happens by that moment; false if there is none. */
  async #next(until: Micros): Promise<boolean> {
    const queued = this.#queue.nextAt ?? Infinity;
    const timer = Math.max(this.subject.nextTimer, this.now);
    if (Math.min(queued, timer) > until) return false;
    if (queued <= timer) {
      this.subject.moveTo(micros(queued));
      await this.#queue.pop()?.();
    } else {
      this.subject.moveTo(micros(timer));
      await this.subject.advance();
    }
    return true;
  }
}

const SETTLING_ROUNDS = 24;
const ROUNDS_APART_MS = 150;
