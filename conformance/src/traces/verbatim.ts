import { concatBytes, equalBytes, micros, type Micros, type Range } from "libmoshpit/util";
import {
  encodeFrame,
  encodePayload,
  MAX_REORDER_DELAY,
  PacketSealer,
  type DirectionKeys,
  type Frame,
  type Payload,
} from "libmoshpit/wire";
import { nodeCrypto } from "libmoshpit-node/crypto";
import { EventQueue } from "testkit";
import { missingIn } from "../peer/observed.js";
import { Observer } from "../peer/observer.js";
import { CLIENT_ADDRESS } from "../peer/session.js";
import { CONNECTION_ID, establish, SERVER_ADDRESS } from "../peer/setup.js";
import type { Subject } from "../peer/subject.js";
import { must, type CaseContext, type RoleName } from "../run/case.js";
import { mustHaveChangedNothing, stateOf } from "./unchanged.js";
import { inputOf } from "./reactive.js";
import { readTrace, roleName, type Trace, type TracedDatagram } from "./trace.js";

/** What a datagram says of its sender's clock: far from the testee's. */
const CLOCK_OFFSET_MS = 7_000;
/** A timer's granularity, beside the longest reorder delay. */
const NAK_SLACK: Micros = micros(2_000);

/**
 * What the other side sent in the recording arrives again, as it arrived: the same packet numbers, frames and times,
 * the same gaps, overtaking and copies. Only what speaks of the testee's own packets is fitted to what this testee sent:
 * acknowledgements, Naks and tokens, which would be impossible otherwise.
 */
export async function replayVerbatim(context: CaseContext, url: URL): Promise<void> {
  const replay = await VerbatimReplay.open(context, readTrace(url));
  await replay.run();
  replay.check();
}

class VerbatimReplay {
  readonly #context: CaseContext;
  readonly #trace: Trace;
  readonly #subject: Subject;
  readonly #observer: Observer;
  readonly #keys: DirectionKeys;
  readonly #suite: Trace["head"]["suite"];
  readonly #peer: RoleName;
  readonly #start: Micros;
  readonly #sealed = new Map<number, { bytes: Uint8Array; payload: Payload }>();
  /** When a sequence number was first known to be used and missing. */
  readonly #missingSince = new Map<number, Micros>();
  /** What some Nak named. */
  readonly #named = new Set<number>();

  private constructor(
    context: CaseContext,
    trace: Trace,
    subject: Subject,
    observer: Observer,
    keys: DirectionKeys,
  ) {
    this.#context = context;
    this.#trace = trace;
    this.#subject = subject;
    this.#observer = observer;
    this.#keys = keys;
    this.#suite = trace.head.suite;
    this.#peer = context.role === "client" ? "server" : "client";
    this.#start = subject.now;
  }

  static async open(context: CaseContext, trace: Trace): Promise<VerbatimReplay> {
    const { role, log } = context;
    const held: [string, Uint8Array][] = [];
    const { subject, secrets } = await establish(context, {
      suites: [trace.head.suite],
      terminal: trace.head.open?.terminal !== undefined,
      onSubject: (made) => (made.onDatagram = (address, bytes) => void held.push([address, bytes])),
    });
    const shared = { role, log, secrets, crypto: nodeCrypto, connectionId: CONNECTION_ID };
    const observer = new Observer({ ...shared, serverAddress: SERVER_ADDRESS });
    const keys = role === "client" ? secrets.serverToClient : secrets.clientToServer;
    const replay = new VerbatimReplay(context, trace, subject, observer, keys);
    subject.onDatagram = (address, bytes) => replay.#sent(address, bytes);
    for (const [address, bytes] of held) replay.#sent(address, bytes);
    return replay;
  }

  async run(): Promise<void> {
    const queue = new EventQueue<() => Promise<void>>();
    const { role } = this.#context;
    for (const { at, role: whose, event } of this.#trace.events) {
      const input = roleName(whose) === role ? inputOf(event) : undefined;
      if (input === undefined) continue;
      queue.push(micros(this.#start + Number(at)), () => this.#input(input));
    }
    for (const datagram of this.#trace.datagrams[this.#peer])
      datagram.arrivals.forEach((at) => queue.push(micros(this.#start + at), () => this.#arrive(datagram)));
    const end = micros(this.#start + this.#trace.end + 500_000);
    for (;;) {
      const queued = queue.nextAt ?? Infinity;
      const timer = Math.max(this.#subject.nextTimer, this.#subject.now);
      if (Math.min(queued, timer) > end) break;
      this.#subject.moveTo(micros(Math.min(queued, timer)));
      if (queued <= timer) await queue.pop()?.();
      else await this.#subject.advance();
      this.#checkNaks();
    }
    this.#subject.moveTo(end);
  }

  /** Everything that arrived in order in the recording was delivered: once, in order, on its stream. */
  check(): void {
    const frames = new Map<number, Frame>();
    for (const { payload, arrivals } of this.#trace.datagrams[this.#peer])
      if (arrivals.length > 0)
        for (const frame of payload.frames) if ("sequence" in frame) frames.set(frame.sequence, frame);
    const parts: Record<"output" | "error", Uint8Array[]> = { output: [], error: [] };
    for (let sequence = 0; ; sequence++) {
      const frame = frames.get(sequence);
      if (frame === undefined) break;
      if (frame.kind === "data") parts[frame.standardError ? "error" : "output"].push(frame.bytes);
    }
    for (const stream of ["output", "error"] as const) {
      const expected = concatBytes(...parts[stream]);
      const found = this.#subject.delivered(stream === "error");
      must(
        equalBytes(found, expected),
        "TR-ORDER-001",
        () =>
          `${found.length} octets of ${stream} were delivered where ${expected.length} arrived, or others`,
      );
    }
  }

  async #input(input: NonNullable<ReturnType<typeof inputOf>>): Promise<void> {
    if (input.kind === "resize") {
      const { columns, rows } = input;
      await this.#subject.step({ case: "resize", value: { columns, rows } });
      return;
    }
    const { standardError = false } = input;
    if (input.kind === "end") await this.#subject.step({ case: "end", value: { standardError } });
    else if (this.#context.role === "client")
      await this.#subject.step({ case: "typed", value: { octets: input.bytes } });
    else await this.#subject.step({ case: "output", value: { octets: input.bytes, standardError } });
  }

  async #arrive(datagram: TracedDatagram): Promise<void> {
    const from = this.#peer === "client" ? CLIENT_ADDRESS : SERVER_ADDRESS;
    const before = this.#sealed.get(datagram.number);
    const { bytes, payload } = before ?? this.#seal(datagram);
    const state = stateOf(this.#subject, this.#observer);
    if (before === undefined)
      this.#observer.given({
        at: this.#subject.now,
        from,
        number: datagram.number,
        octets: bytes.length,
        payload,
      });
    await this.#subject.step({ case: "datagram", value: { address: from, octets: bytes } });
    if (before !== undefined)
      mustHaveChangedNothing(state, stateOf(this.#subject, this.#observer), "a second copy");
    else this.#noteMissing(payload);
  }

  #seal({ number, payload }: TracedDatagram): { bytes: Uint8Array; payload: Payload } {
    const fitted = this.#fitted(payload);
    const sealer = new PacketSealer(nodeCrypto, this.#suite, CONNECTION_ID, this.#keys);
    sealer.skipTo(number);
    const encoded = encodePayload(
      fitted,
      fitted.frames.map(encodeFrame),
      // As long as it was: what may be sent to an address depends on it.
      number === 0 && this.#peer === "client" ? sealer.maxPlaintext : 0,
    );
    const made = { bytes: sealer.seal(encoded), payload: fitted };
    this.#sealed.set(number, made);
    return made;
  }

  #fitted(payload: Payload): Payload {
    const used = this.#observer.nextUsed;
    const sent = this.#observer.packets.length;
    const below = (ranges: readonly Range[]): Range[] => ranges.filter(({ end }) => end <= used);
    const tokens = this.#observer.packets.flatMap((packet) =>
      packet.payload.frames.flatMap((frame) => (frame.kind === "challenge" ? [frame.token] : [])),
    );
    const frames = payload.frames.flatMap((frame): Frame[] => {
      if (frame.kind === "nak") return [{ kind: "nak", missing: below(frame.missing) }];
      if (frame.kind !== "challenge-response") return [frame];
      const token = tokens.at(-1);
      return token === undefined ? [] : [{ ...frame, token }];
    });
    const cumulativeSequence = Math.min(payload.cumulativeSequence, used);
    return {
      ...payload,
      cumulativeSequence,
      selectiveRanges: below(payload.selectiveRanges).filter(({ start }) => start > cumulativeSequence),
      largestPacketEnd: Math.min(payload.largestPacketEnd, sent),
      receivedCount: Math.min(payload.receivedCount, sent),
      timestamp: (Math.floor(this.#subject.now / 1000) + CLOCK_OFFSET_MS) & 0xffff,
      echo: undefined,
      frames,
    };
  }

  #sent(address: string, bytes: Uint8Array): void {
    const packet = this.#observer.observe(this.#subject.now, address, bytes);
    for (const sequence of missingIn(packet)) this.#named.add(sequence);
  }

  #noteMissing({ nextSequence }: Payload): void {
    for (let s = this.#observer.cumulativeGiven; s < nextSequence; s++)
      if (!this.#observer.received.has(s) && !this.#named.has(s) && !this.#missingSince.has(s))
        this.#missingSince.set(s, this.#subject.now);
  }

  /** What is missing for longer than the longest reorder delay was named in a Nak. TR-NAK-002. */
  #checkNaks(): void {
    const late = this.#subject.now - MAX_REORDER_DELAY - NAK_SLACK;
    for (const [sequence, since] of this.#missingSince) {
      if (since >= late) continue;
      const settled = this.#observer.received.has(sequence) || this.#named.has(sequence);
      must(
        settled,
        "TR-NAK-002",
        `${sequence} is missing for ${MAX_REORDER_DELAY / 1000} ms and was not reported`,
      );
      this.#missingSince.delete(sequence);
    }
  }
}
