import { ascii, concatBytes, equalBytes, micros, NEVER, type Micros } from "libmoshpit/util";
import { decodePayload, PacketOpener, type Payload } from "libmoshpit/wire";
import { nodeCrypto } from "libmoshpit-node/crypto";
import { EventQueue } from "testkit";
import { labelledEntropy } from "../protocol/entropy.js";
import { SessionMachine, type SessionEvent } from "../reference/session-machine.js";
import { must, type CaseContext, type RoleName } from "../run/case.js";
import { Observer } from "./observer.js";
import { CLIENT_ADDRESS } from "./session.js";
import { CONNECTION_ID, establish, SERVER_ADDRESS, type SetupOptions } from "./setup.js";
import type { StepInput, Subject } from "./subject.js";

/** When the copies of the n-th datagram of a sender arrive; none: it is lost. */
export type Network = (sender: RoleName, index: number, now: Micros, octets: number) => readonly Micros[];

/** What a side puts in. */
export type ArenaInput =
  | { readonly kind: "write"; readonly bytes: Uint8Array; readonly standardError?: boolean }
  | { readonly kind: "end"; readonly standardError?: boolean }
  | { readonly kind: "resize"; readonly columns: number; readonly rows: number };

/** What one side wrote, or received. */
class Streams {
  readonly #parts: Record<"output" | "error", Uint8Array[]> = { output: [], error: [] };
  octets = 0;
  ends = 0;

  add(bytes: Uint8Array, standardError: boolean): void {
    this.#parts[standardError ? "error" : "output"].push(bytes);
    this.octets += bytes.length;
  }

  of(name: "output" | "error"): Uint8Array {
    return concatBytes(...this.#parts[name]);
  }
}

/**
 * The testee on one side and the reference machine on the other, on virtual time, with a network between them that the
 * case decides. What both write is what both have to receive.
 */
export class Arena {
  readonly subject: Subject;
  readonly observer: Observer;
  readonly #context: CaseContext;
  readonly #machine: SessionMachine;
  readonly #opener: PacketOpener;
  readonly #network: Network;
  readonly #queue = new EventQueue<() => Promise<void> | void>();
  readonly #sent: Record<RoleName, number> = { client: 0, server: 0 };
  readonly #peerReceived = new Streams();
  readonly #written: Record<RoleName, Streams> = { client: new Streams(), server: new Streams() };
  readonly #sizes: Record<RoleName, string[]> = { client: [], server: [] };
  readonly #peerSizes: string[] = [];
  #peerTimer: Micros = NEVER;

  private constructor(
    context: CaseContext,
    subject: Subject,
    observer: Observer,
    machine: SessionMachine,
    opener: PacketOpener,
    network: Network,
  ) {
    this.#context = context;
    this.subject = subject;
    this.observer = observer;
    this.#machine = machine;
    this.#opener = opener;
    this.#network = network;
  }

  static async open(context: CaseContext, network: Network, options: SetupOptions = {}): Promise<Arena> {
    const { role, log } = context;
    const held: [string, Uint8Array][] = [];
    const { subject, secrets } = await establish(context, {
      ...options,
      onSubject: (made) => (made.onDatagram = (address, bytes) => void held.push([address, bytes])),
    });
    const shared = { secrets, crypto: nodeCrypto, connectionId: CONNECTION_ID };
    const observer = new Observer({ ...shared, role, log, serverAddress: SERVER_ADDRESS });
    const entropy = labelledEntropy(nodeCrypto, ascii(`reference/${context.seed}`));
    const machine = new SessionMachine({
      ...shared,
      entropy,
      now: subject.now,
      ...(role === "client"
        ? ({ role: "server" } as const)
        : ({ role: "client", path: SERVER_ADDRESS } as const)),
    });
    const keys = role === "client" ? secrets.serverToClient : secrets.clientToServer;
    const opener = new PacketOpener(nodeCrypto, secrets.suite, CONNECTION_ID, keys);
    const arena = new Arena(context, subject, observer, machine, opener, network);
    subject.onDatagram = (address, bytes) => arena.#testeeSent(address, bytes);
    for (const [address, bytes] of held) arena.#testeeSent(address, bytes);
    arena.#drainPeer();
    return arena;
  }

  get now(): Micros {
    return this.subject.now;
  }

  /** Whether both sides have all that the other put in until now. */
  get isComplete(): boolean {
    const delivered = this.#delivered();
    return isWhole(this.#peerReceived, this.#written[this.#context.role]) && isWhole(delivered, this.#others);
  }

  /** Puts something in on a side, at that moment or now. */
  at(moment: Micros, role: RoleName, input: ArenaInput): void {
    this.#queue.push(micros(Math.max(moment, this.now)), () => this.#input(role, input));
  }

  /** Runs to that moment. */
  async runUntil(until: Micros): Promise<void> {
    while (await this.#next(until));
    this.subject.moveTo(until);
  }

  /** Runs until everything has arrived, at most to that moment. */
  async runUntilComplete(until: Micros): Promise<boolean> {
    while (!this.isComplete) if (!(await this.#next(until))) return false;
    return true;
  }

  /** What arrived on both sides is what was written on the other: once, in order, and all of it. */
  mustBeExact(): void {
    const { role } = this.#context;
    const delivered = this.#delivered();
    for (const stream of ["output", "error"] as const) {
      mustBeSame(delivered.of(stream), this.#others.of(stream), `the testee delivered, of ${stream},`);
      const written = this.#written[role].of(stream);
      mustBeSame(this.#peerReceived.of(stream), written, `the testee's peer received, of ${stream},`);
    }
    must(
      delivered.ends === this.#others.ends,
      "FR-DATA-002",
      `${delivered.ends} ends of streams were delivered`,
    );
    const sizes = this.subject.resizes.map(({ columns, rows }) => `${columns}x${rows}`);
    mustEndAlike(sizes, this.#sizes[this.#other], "the testee's last size");
    mustEndAlike(this.#peerSizes, this.#sizes[role], "its peer's last size");
  }

  get #other(): RoleName {
    return this.#context.role === "client" ? "server" : "client";
  }

  get #others(): Streams {
    return this.#written[this.#other];
  }

  #delivered(): Streams {
    const delivered = new Streams();
    for (const { bytes, standardError } of this.subject.deliveries) delivered.add(bytes, standardError);
    delivered.ends = this.subject.ended.length;
    return delivered;
  }

  async #input(role: RoleName, input: ArenaInput): Promise<void> {
    if (input.kind === "resize") this.#sizes[role].push(`${input.columns}x${input.rows}`);
    else if (input.kind === "end") this.#written[role].ends += 1;
    else this.#written[role].add(input.bytes, input.standardError ?? false);
    if (role === this.#context.role) await this.subject.step(stepOf(role, input));
    else this.#peerInput(input);
  }

  #peerInput(input: ArenaInput): void {
    const now = this.now;
    if (input.kind === "resize") {
      const { columns, rows } = input;
      this.#machine.resize(now, { columns, rows, pixelWidth: 0, pixelHeight: 0 });
    } else {
      const options = { standardError: input.standardError ?? false };
      if (input.kind === "write") this.#machine.write(now, input.bytes, options);
      else this.#machine.end(now, options);
    }
    this.#drainPeer();
  }

  #testeeSent(address: string, bytes: Uint8Array): void {
    this.observer.observe(this.now, address, bytes);
    this.#carry(this.#context.role, bytes, () => {
      this.#machine.handleDatagram(this.now, this.#addressOf(this.#context.role), bytes);
      this.#drainPeer();
    });
  }

  #peerSent(bytes: Uint8Array): void {
    const opened = this.#opener.open(bytes);
    if (opened.kind === "dropped") throw new Error("the reference sent what does not open");
    const payload: Payload = decodePayload(opened.plaintext);
    const sender = this.#context.role === "client" ? "server" : "client";
    const from = this.#addressOf(sender);
    this.#carry(sender, bytes, async () => {
      const { packetNumber: number } = opened;
      this.observer.given({ at: this.now, from, number, octets: bytes.length, payload });
      await this.subject.step({ case: "datagram", value: { address: from, octets: bytes } });
    });
  }

  #addressOf(role: RoleName): string {
    return role === "client" ? CLIENT_ADDRESS : SERVER_ADDRESS;
  }

  #carry(sender: RoleName, bytes: Uint8Array, arrive: () => Promise<void> | void): void {
    const index = this.#sent[sender]++;
    const arrivals = this.#network(sender, index, this.now, bytes.length);
    if (arrivals.length === 0) this.#context.log.push(`                 (lost: the ${sender}'s #${index})`);
    for (const at of arrivals) this.#queue.push(micros(Math.max(at, this.now)), arrive);
  }

  #drainPeer(): void {
    for (;;) {
      const output = this.#machine.pollOutput();
      if (output.kind === "timeout") {
        this.#peerTimer = output.at;
        return;
      }
      if (output.kind === "transmit") this.#peerSent(output.bytes);
      else this.#onPeer(output.event);
    }
  }

  #onPeer(event: SessionEvent): void {
    if (event.type === "data") {
      this.#peerReceived.add(event.bytes, event.standardError);
      this.#machine.consumed(this.now, event.bytes.length);
    } else if (event.type === "end") this.#peerReceived.ends += 1;
    else if (event.type === "resize") this.#peerSizes.push(`${event.size.columns}x${event.size.rows}`);
  }

  async #next(until: Micros): Promise<boolean> {
    const queued = this.#queue.nextAt ?? NEVER;
    const own = Math.max(this.subject.nextTimer, this.now);
    const peer = Math.max(this.#peerTimer, this.now);
    const at = micros(Math.min(queued, own, peer));
    if (at > until || at === NEVER) return false;
    this.subject.moveTo(at);
    if (at === queued) await this.#queue.pop()?.();
    else if (at === own) await this.subject.advance();
    else {
      this.#machine.handleTimeout(at);
      this.#drainPeer();
    }
    return true;
  }
}

function stepOf(role: RoleName, input: ArenaInput): StepInput {
  if (input.kind === "resize") {
    const { columns, rows } = input;
    return { case: "resize", value: { columns, rows } };
  }
  const { standardError = false } = input;
  if (input.kind === "end") return { case: "end", value: { standardError } };
  if (role === "client") return { case: "typed", value: { octets: input.bytes } };
  return { case: "output", value: { octets: input.bytes, standardError } };
}

function isWhole(found: Streams, written: Streams): boolean {
  return found.octets >= written.octets && found.ends >= written.ends;
}

function mustBeSame(found: Uint8Array, expected: Uint8Array, who: string): void {
  must(
    equalBytes(found, expected),
    "TR-ORDER-001",
    () => `${who} ${found.length} octets where ${expected.length} were written, or others`,
  );
}

function mustEndAlike(found: readonly string[], written: readonly string[], what: string): void {
  const [last, expected] = [found.at(-1), written.at(-1)];
  must(last === expected, "FR-RESIZE-001", `${what} is ${last ?? "none"}, ${expected ?? "none"} was put in`);
}
