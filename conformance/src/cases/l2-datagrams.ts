import { must, type CaseDefinition } from "../run/case.js";
import { Session } from "../peer/session.js";
import type { PacketOptions } from "../peer/scripted-peer.js";
import type { Frame } from "libmoshpit/wire";
import { SeededRandom } from "testkit";
import { mustBe } from "./check.js";

const BOTH = ["client", "server"] as const;
const KEY = Uint8Array.of(0x6b);

/** Octets arrive that must change nothing: no packet, no delivery, no other timer. */
export async function mustChangeNothing(
  session: Session,
  requirement: string,
  what: string,
  bytes: Uint8Array,
  from?: string,
): Promise<void> {
  const { subject } = session;
  const before = [session.packets.length, subject.deliveries.length, subject.nextTimer] as const;
  await session.deliverRaw(bytes, from);
  mustBe(session.packets.length, before[0], requirement, `${what}: packets sent so far`);
  mustBe(subject.deliveries.length, before[1], requirement, `${what}: deliveries so far`);
  mustBe(subject.nextTimer, before[2], requirement, `${what}: the next timer`);
}

/** The session goes on: both directions carry a key. */
async function mustGoOn(session: Session, requirement: string): Promise<void> {
  const [next, cumulative] = [session.observer.nextUsed, session.observer.cumulativeGiven];
  await session.give([session.peer.data(KEY)]);
  await session.write(KEY);
  await session.runFor(200);
  session.mustDeliverAll();
  must(session.observer.cumulativeGiven === cumulative + 1, requirement, "what came after was not taken");
  must(session.peer.cumulative === next + 1, requirement, "what was written after did not arrive");
}

const data = (sequence: number, standardError = false): Frame => ({
  kind: "data",
  sequence,
  bytes: KEY,
  standardError,
  end: false,
});

/** What an authentic packet may say that can not be. */
const IMPOSSIBLE: readonly {
  readonly name: string;
  readonly what: string;
  readonly make: (session: Session) => [readonly Frame[], PacketOptions];
}[] = [
  {
    name: "acknowledgement",
    what: "an acknowledgement of a sequence number that was never used",
    make: ({ observer }) => [[], { head: { cumulativeSequence: observer.nextUsed + 1 } }],
  },
  {
    name: "selective",
    what: "a selective acknowledgement of one that was never used",
    make: ({ observer }) => {
      const end = observer.nextUsed + 3;
      return [[], { head: { selectiveRanges: [{ start: end - 1, end }] } }];
    },
  },
  {
    name: "packet-receipt",
    what: "the receipt of a packet that was never sent",
    make: ({ packets }) => [[], { head: { largestPacketEnd: packets.length + 1 } }],
  },
  {
    name: "beyond-window",
    what: "a next_sequence above the window",
    make: ({ peer }) => [[], { head: { nextSequence: peer.frames.length + 513 } }],
  },
  {
    name: "frame-above-next",
    what: "a reliable frame at its own next_sequence",
    make: ({ peer }) => [[data(peer.frames.length)], {}],
  },
  {
    name: "nak-for-unused",
    what: "a Nak for a sequence number that was never used",
    make: ({ observer }) => {
      const start = observer.nextUsed;
      return [[{ kind: "nak", missing: [{ start, end: start + 1 }] }], {}];
    },
  },
];

/** Datagrams that are no packets, no new ones, or say what can not be. */
export const DATAGRAM_CASES: readonly CaseDefinition[] = [
  {
    name: "datagrams/replay-changes-nothing",
    level: 2,
    roles: BOTH,
    requirements: ["PK-REPLAY-001", "PK-OPEN-002"],
    about: "every packet of the peer comes a second time, in an idle session and in the midst of work",
    run: async (context) => {
      const session = await Session.settled(context);
      const given: Uint8Array[] = [];
      for (let i = 0; i < 12; i++) {
        given.push((await session.give([session.peer.data(Uint8Array.of(i))])).bytes);
        await mustChangeNothing(session, "PK-REPLAY-001", "at once", given.at(-1) ?? KEY);
        await session.runFor(30);
      }
      await session.runFor(1_000);
      for (const bytes of given) await mustChangeNothing(session, "PK-REPLAY-001", "later", bytes);
      await mustGoOn(session, "PK-OPEN-002");
    },
  },
  {
    name: "datagrams/forgery-changes-nothing",
    level: 2,
    roles: BOTH,
    requirements: ["PK-OPEN-002", "PK-OPEN-001"],
    about: "empty, short, oversized, random and changed datagrams: nothing happens, and the session goes on",
    run: async (context) => {
      const session = await Session.settled(context);
      const random = new SeededRandom(context.seed);
      const real = await session.give([session.peer.data(KEY)]);
      await session.runFor(1_000);
      const next = session.peer.packet(session.now, [session.peer.data(KEY)]);
      for (const length of [0, 1, 17, 32, 96, 97, 113, 1200, 1201, 1400])
        await mustChangeNothing(session, "PK-OPEN-002", `${length} octets`, random.bytes(length));
      for (const packet of [real.bytes, next.bytes]) {
        for (let i = 0; i < 40; i++) {
          const at = i < 20 ? i : random.below(packet.length);
          const changed = packet.map((octet, j) => (j === at ? octet ^ (1 + random.below(255)) : octet));
          await mustChangeNothing(session, "PK-OPEN-001", `octet ${at} changed`, changed);
        }
      }
      await session.deliver(next);
      session.mustDeliverAll();
      await mustGoOn(session, "PK-OPEN-002");
    },
  },
  {
    name: "datagrams/reflection-changes-nothing",
    level: 2,
    roles: BOTH,
    requirements: ["PK-SEAL-004"],
    about: "the testee's own packets come back to it: they do not open in that direction",
    run: async (context) => {
      const session = await Session.settled(context);
      for (const { bytes } of session.packets.slice(-10))
        await mustChangeNothing(session, "PK-SEAL-004", "its own packet", bytes);
      await mustGoOn(session, "PK-OPEN-002");
    },
  },
  {
    name: "datagrams/reordered-packets-count",
    level: 2,
    roles: BOTH,
    requirements: ["PK-REPLAY-001", "TR-ORDER-001"],
    about: "40 packets arrive in reverse: each is taken, once, and what they carry is delivered in order",
    run: async (context) => {
      const session = await Session.settled(context);
      const packets = Array.from({ length: 40 }, (_, i) =>
        session.peer.packet(session.now, [session.peer.data(Uint8Array.of(i))]),
      );
      for (const packet of packets.reverse()) await session.deliver(packet);
      for (const packet of packets) await mustChangeNothing(session, "PK-REPLAY-001", "a copy", packet.bytes);
      session.mustDeliverAll();
      await session.runFor(300);
      mustBe(session.observer.cumulativeGiven, session.peer.frames.length, "TR-ORDER-001", "taken in all");
    },
  },
  ...IMPOSSIBLE.map(({ name, what, make }): CaseDefinition => ({
    name: `impossible/${name}`,
    level: 2,
    roles: BOTH,
    requirements: ["FR-HEAD-002", "FR-HEAD-004"],
    about: `an authentic packet with ${what} is dropped as a whole, and its number is used up`,
    run: async (context) => {
      const session = await Session.settled(context);
      const [frames, options] = make(session);
      // Beside what can not be, something that could.
      const sequence = session.peer.frames.length;
      const beside = options.head?.nextSequence === undefined ? [data(sequence)] : [];
      const head = { nextSequence: name === "frame-above-next" ? sequence : sequence + 1, ...options.head };
      const all = name === "frame-above-next" ? frames : [...beside, ...frames];
      const packet = session.peer.packet(session.now, all, { head });
      session.observer.givenMalformed(packet.number);
      await mustChangeNothing(session, "FR-HEAD-002", what, packet.bytes);
      await mustChangeNothing(session, "FR-HEAD-004", "the same again", packet.bytes);
      await mustGoOn(session, "FR-HEAD-004");
    },
  })),
  {
    name: "impossible/standard-error-from-a-client",
    level: 2,
    roles: ["server"],
    requirements: ["FR-HEAD-002"],
    about: "standard error from a client is dropped",
    run: async (context) => {
      const session = await Session.settled(context);
      const sequence = session.peer.frames.length;
      const head = { nextSequence: sequence + 1 };
      const packet = session.peer.packet(session.now, [data(sequence, true)], { head });
      session.observer.givenMalformed(packet.number);
      await mustChangeNothing(session, "FR-HEAD-002", "standard error", packet.bytes);
      await mustGoOn(session, "FR-HEAD-004");
    },
  },
  {
    name: "impossible/standard-error-from-a-server",
    level: 2,
    roles: ["client"],
    features: ["pipes"],
    requirements: ["FR-DATA-001"],
    about: "standard error from a server is delivered, apart from output (the twin of the case before)",
    run: async (context) => {
      const session = await Session.settled(context, { terminal: false });
      await session.give([session.peer.data(KEY, { standardError: true })]);
      mustBe(session.subject.delivered(true).length, 1, "FR-DATA-001", "octets of standard error");
      session.mustDeliverAll();
    },
  },
  {
    name: "impossible/not-a-payload",
    level: 2,
    roles: BOTH,
    requirements: ["FR-HEAD-004"],
    about: "an authentic packet whose plaintext is no payload is dropped, and its number is used up",
    run: async (context) => {
      const session = await Session.settled(context);
      const { number, bytes } = session.peer.sealed(Uint8Array.of(0xff, 0xff, 0xff));
      session.observer.givenMalformed(number);
      await mustChangeNothing(session, "FR-HEAD-004", "nonsense", bytes);
      await mustChangeNothing(session, "FR-HEAD-004", "the same again", bytes);
      await mustGoOn(session, "FR-HEAD-004");
    },
  },
];
