import { must, type CaseDefinition } from "../run/case.js";
import { sequencesOf } from "../peer/observed.js";
import { Session } from "../peer/session.js";
import { mustBe } from "./check.js";
import { reportLoss } from "./l2-tail.js";

const BOTH = ["client", "server"] as const;
const KEY = Uint8Array.of(0x6b);

/** When a lone key's packets left within 90 ms of it, in whole milliseconds. */
async function repetitions(session: Session): Promise<number[]> {
  const start = session.now;
  const sequence = session.observer.nextUsed;
  await session.write(KEY);
  await session.runFor(90);
  return session
    .since(start)
    .filter((packet) => sequencesOf(packet).includes(sequence))
    .map(({ at }) => Math.round((at - start) / 1000));
}

/** One packet in `every` is lost on the way to the peer, which says so: the offsets at which a key leaves. */
const TABLE = [
  { name: "lossless", every: undefined, offsets: [0] },
  { name: "5-percent", every: 20, offsets: [0, 5] },
  { name: "14-percent", every: 7, offsets: [0, 5, 20] },
  { name: "33-percent", every: 3, offsets: [0, 4, 12, 40] },
] as const;

/** Repetition of what is small, where packets are lost. */
export const REPETITION_CASES: readonly CaseDefinition[] = [
  ...TABLE.map(({ name, every, offsets }): CaseDefinition => ({
    name: `repetition/${name}`,
    level: 2,
    roles: BOTH,
    requirements: ["TR-REPEAT-001", "TR-LOSS-001"],
    about: `a lone key where the peer reports this loss leaves after ${offsets.join(", ")} ms`,
    run: async (context) => {
      const session = await Session.settled(context);
      if (every !== undefined) await reportLoss(session, every);
      session.acknowledges = false;
      const found = await repetitions(session);
      mustBe(found.join(", "), offsets.join(", "), "TR-REPEAT-001", "milliseconds after the key");
    },
  })),
  {
    name: "repetition/unknown-loss",
    level: 2,
    roles: BOTH,
    requirements: ["TR-LOSS-001", "TR-REPEAT-001"],
    about: "before 20 packets the loss is unknown and counts as 10 %: a key leaves after 0, 5 and 20 ms",
    run: async (context) => {
      const session = await Session.open(context);
      await session.greet();
      session.acknowledges = false;
      const found = await repetitions(session);
      mustBe(found.join(", "), "0, 5, 20", "TR-LOSS-001", "milliseconds after the key");
    },
  },
  {
    name: "repetition/cancelled",
    level: 2,
    roles: BOTH,
    requirements: ["TR-REPEAT-002"],
    about: "an acknowledgement after 8 ms ends the repetitions of a key",
    run: async (context) => {
      const session = await Session.settled(context);
      await reportLoss(session, 3);
      session.acknowledges = false;
      const start = session.now;
      await session.write(KEY);
      await session.runFor(8);
      await session.give([], {
        head: { cumulativeSequence: session.observer.nextUsed, selectiveRanges: [] },
      });
      await session.runFor(90);
      const times = session.since(start).map(({ at }) => Math.round((at - start) / 1000));
      mustBe(times.join(", "), "0, 4", "TR-REPEAT-002", "milliseconds after the key");
    },
  },
  {
    name: "repetition/budget",
    level: 2,
    roles: BOTH,
    requirements: ["TR-REPEAT-003"],
    about: "keys at 10 a second under loss: what is sent beyond one packet a key stays within the bucket",
    run: async (context) => {
      const session = await Session.settled(context);
      await reportLoss(session, 3);
      const start = session.now;
      const keys = 200;
      for (let i = 0; i < keys; i++) {
        await session.write(KEY);
        await session.runFor(100);
      }
      const seen = new Set<number>();
      let repeated = 0;
      for (const packet of session.since(start)) {
        const sequences = sequencesOf(packet);
        const fresh = sequences.some((sequence) => !seen.has(sequence));
        for (const sequence of sequences) seen.add(sequence);
        if (!fresh && sequences.length > 0) repeated += packet.octets;
      }
      // 2000 octets, and 4000 a second; nothing is probed, as every key is acknowledged before.
      const limit = 2_000 + 4_000 * (keys / 10);
      must(repeated <= limit, "TR-REPEAT-003", `${repeated} octets were repeated, the bucket has ${limit}`);
      must(repeated > 0, "TR-REPEAT-001", "nothing was repeated at all");
    },
  },
];
