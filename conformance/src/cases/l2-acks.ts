import { must, type CaseDefinition } from "../run/case.js";
import { Session } from "../peer/session.js";
import { kindsOf } from "../peer/observed.js";
import { mustBe } from "./check.js";

const BOTH = ["client", "server"] as const;
const KEY = Uint8Array.of(0x6b);

/** Makes the testee see losses on the way to it: every third packet of 60 is missing. */
async function losePackets(session: Session): Promise<void> {
  for (let i = 0; i < 60; i++) {
    if (i % 3 === 0) session.peer.skipTo(session.peer.nextPacketNumber + 1);
    await session.give();
    await session.runFor(5);
  }
  await session.runFor(500);
}

/** Acknowledgements: when, and when not. */
export const ACK_CASES: readonly CaseDefinition[] = [
  {
    name: "acks/within-100-ms",
    level: 2,
    roles: BOTH,
    requirements: ["TR-ACK-001"],
    about: "one packet with a frame, where nothing was lost: acknowledged within 100 ms",
    run: async (context) => {
      const session = await Session.settled(context);
      const start = session.now;
      await session.give([session.peer.data(KEY)]);
      await session.runFor(100);
      must(session.since(start).length >= 1, "TR-ACK-001", "no acknowledgement within 100 ms");
    },
  },
  {
    name: "acks/within-25-ms-under-loss",
    level: 2,
    roles: BOTH,
    requirements: ["TR-ACK-001", "TR-LOSS-001"],
    about: "the same where a third of the packets was lost: within 25 ms",
    run: async (context) => {
      const session = await Session.settled(context);
      await losePackets(session);
      const start = session.now;
      await session.give([session.peer.data(KEY)]);
      await session.runFor(25);
      must(session.since(start).length >= 1, "TR-ACK-001", "no acknowledgement within 25 ms");
    },
  },
  {
    name: "acks/at-once-of-2000-octets",
    level: 2,
    roles: BOTH,
    requirements: ["TR-ACK-002"],
    about: "two full packets are acknowledged at once",
    run: async (context) => {
      const session = await Session.settled(context);
      const start = session.now;
      for (let i = 0; i < 2; i++) await session.give([session.peer.data(new Uint8Array(1000))]);
      must(session.since(start).length >= 1, "TR-ACK-002", "2000 octets were not acknowledged at once");
    },
  },
  {
    name: "acks/at-once-of-16-packets",
    level: 2,
    roles: BOTH,
    requirements: ["TR-ACK-002"],
    about: "16 small packets are acknowledged at once",
    run: async (context) => {
      const session = await Session.settled(context);
      const start = session.now;
      for (let i = 0; i < 16; i++) await session.give([session.peer.data(KEY)]);
      must(session.since(start).length >= 1, "TR-ACK-002", "16 packets were not acknowledged at once");
    },
  },
  {
    name: "acks/lost-one-is-repeated",
    level: 2,
    roles: BOTH,
    requirements: ["TR-ACK-003"],
    about:
      "a frame comes again long after its acknowledgement: acknowledged at once; again at once after: not",
    run: async (context) => {
      const session = await Session.settled(context);
      const frame = session.peer.data(KEY);
      await session.give([frame]);
      await session.runFor(1_000);
      const start = session.now;
      await session.give([frame]);
      mustBe(session.since(start).length, 1, "TR-ACK-003", "packets that a repetition elicited");
      await session.runFor(20);
      for (let i = 0; i < 5; i++) await session.give([frame]);
      await session.runFor(200);
      mustBe(
        session.since(start).length,
        1,
        "TR-ACK-003",
        "packets that repetitions within a round trip elicited",
      );
    },
  },
  {
    name: "acks/none-for-acknowledgements",
    level: 2,
    roles: BOTH,
    requirements: ["TR-ACK-004", "FR-HEARTBEAT-001"],
    about: "bare acknowledgements, Heartbeats, empty Naks and unknown padding elicit nothing",
    run: async (context) => {
      const session = await Session.settled(context);
      const start = session.now;
      for (let i = 0; i < 20; i++) {
        await session.give();
        await session.give([{ kind: "heartbeat" }]);
        await session.give([{ kind: "nak", missing: [] }]);
        await session.give([], { padTo: 500 });
        await session.runFor(50);
      }
      const elicited = session.since(start).length;
      mustBe(elicited, 0, "TR-ACK-004", "packets that nothing else would have caused, in one second");
    },
  },
  {
    name: "acks/idle-means-heartbeats",
    level: 2,
    roles: BOTH,
    requirements: ["PL-BEAT-001", "TR-ACK-004"],
    about: "two idle sides for two minutes: nothing but a Heartbeat every 3 s",
    run: async (context) => {
      const session = await Session.settled(context);
      // Nobody is silent for long enough to be asked about (PL-OUTAGE-001).
      await session.give([{ kind: "heartbeat" }]);
      const start = session.now;
      for (let i = 0; i < 40; i++) {
        await session.runFor(3_000);
        await session.give([{ kind: "heartbeat" }]);
      }
      const sent = session.since(start);
      for (const packet of sent)
        mustBe(kindsOf(packet).join(), "heartbeat", "PL-BEAT-001", "frames of an idle side's packet");
      must(sent.length >= 39 && sent.length <= 41, "PL-BEAT-001", `${sent.length} packets in 120 s`);
      const gaps = sent.slice(1).map(({ at }, i) => at - (sent[i]?.at ?? 0));
      must(
        gaps.every((gap) => gap >= 2_999_000 && gap <= 3_001_000),
        "PL-BEAT-001",
        `Heartbeats ${gaps.map((gap) => gap / 1000).join(", ")} ms apart`,
      );
    },
  },
];
