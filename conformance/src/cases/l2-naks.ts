import type { Frame, ReliableFrame } from "libmoshpit/wire";
import { SeededRandom } from "testkit";
import { must, type CaseDefinition } from "../run/case.js";
import { missingIn, sequencesOf, type ObservedPacket } from "../peer/observed.js";
import { Session } from "../peer/session.js";
import { mustBe } from "./check.js";

const BOTH = ["client", "server"] as const;
const KEY = Uint8Array.of(0x6b);

/** Three frames, and the middle one does not arrive. Returns it. */
async function makeGap(session: Session): Promise<ReliableFrame> {
  const frames = [0, 1, 2].map((octet) => session.peer.data(Uint8Array.of(octet)));
  const [first, middle, last] = frames as [ReliableFrame, ReliableFrame, ReliableFrame];
  await session.give([first]);
  await session.give([last]);
  return middle;
}

function naksFor(packets: readonly ObservedPacket[], sequence: number): ObservedPacket[] {
  return packets.filter((packet) => missingIn(packet).includes(sequence));
}

const nak = (start: number, end: number): Frame => ({ kind: "nak", missing: [{ start, end }] });

/** Reports of what is missing, and the answers to them. */
export const NAK_CASES: readonly CaseDefinition[] = [
  {
    name: "naks/after-the-reorder-delay",
    level: 2,
    roles: BOTH,
    requirements: ["TR-NAK-002", "TR-NAK-003"],
    about: "a gap is reported, and nothing else, between 2 and 50 ms after it showed",
    run: async (context) => {
      const session = await Session.settled(context);
      const start = session.now;
      const { sequence } = await makeGap(session);
      await session.runFor(51);
      const [report] = naksFor(session.since(start), sequence);
      must(report !== undefined, "TR-NAK-002", "a gap was not reported within 51 ms");
      const delay = (report.at - start) / 1000;
      must(delay >= 2, "TR-NAK-003", `reported after ${delay} ms, the least reorder delay is 2 ms`);
      mustBe(missingIn(report).join(), String(sequence), "TR-NAK-004", "what the report names");
    },
  },
  {
    name: "naks/not-what-comes-in-time",
    level: 2,
    roles: BOTH,
    requirements: ["TR-NAK-002"],
    about: "a gap that is filled within 1 ms is never reported",
    run: async (context) => {
      const session = await Session.settled(context);
      const start = session.now;
      for (let i = 0; i < 10; i++) {
        const middle = await makeGap(session);
        await session.runFor(1);
        await session.give([middle]);
        await session.runFor(200);
        session.mustDeliverAll();
      }
      const naks = session.since(start).filter((packet) => missingIn(packet).length > 0);
      mustBe(naks.length, 0, "TR-NAK-002", "reports of what was not lost");
    },
  },
  {
    name: "naks/reorder-delay-grows",
    level: 2,
    roles: BOTH,
    requirements: ["TR-NAK-003"],
    about:
      "packets that are regularly 30 ms late: soon their gaps are not reported any more before they come",
    run: async (context) => {
      const session = await Session.settled(context);
      for (let i = 0; i < 8; i++) {
        const late = session.peer.packet(session.now, [session.peer.data(KEY)]);
        await session.give([session.peer.data(KEY)]);
        const start = session.now;
        await session.runFor(30);
        const reported = naksFor(session.since(start), late.payload.nextSequence - 1).length;
        must(i < 2 || reported === 0, "TR-NAK-003", `gap ${i + 1} was reported before 30 ms`);
        await session.deliver(late);
        await session.runFor(100);
      }
      session.mustDeliverAll();
    },
  },
  {
    name: "naks/a-lost-tail-shows-in-the-head",
    level: 2,
    roles: BOTH,
    requirements: ["TR-NAK-001", "TR-NAK-002"],
    about: "the last frame is lost, a bare packet says next_sequence: the frame is reported",
    run: async (context) => {
      const session = await Session.settled(context);
      const { sequence } = session.peer.data(KEY);
      const start = session.now;
      await session.give();
      await session.runFor(51);
      mustBe(naksFor(session.since(start), sequence).length > 0, true, "TR-NAK-002", "reported");
    },
  },
  {
    name: "naks/schedule",
    level: 2,
    roles: BOTH,
    requirements: ["TR-NAK-002"],
    about: "a frame that never comes: ten reports, three at one interval, then at doubling ones to 10 s",
    run: async (context) => {
      const session = await Session.settled(context);
      const { sequence } = await makeGap(session);
      session.acknowledges = false;
      for (let i = 0; i < 40; i++) {
        await session.runFor(2_000);
        await session.give([{ kind: "heartbeat" }]);
      }
      const times = naksFor(session.packets, sequence).map(({ at }) => at / 1000);
      mustBe(times.length, 10, "TR-NAK-002", "reports");
      const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
      const [first = 0] = gaps;
      must(
        first >= 100 && first <= 125,
        "TR-NAK-002",
        `the interval is ${first} ms at a round trip of 100 ms`,
      );
      gaps.forEach((gap, i) => {
        const due = Math.min(first * 2 ** Math.max(0, i - 2), 10_000);
        must(Math.abs(gap - due) <= 30, "TR-NAK-002", `report ${i + 2} came ${gap} ms after, not ${due} ms`);
      });
    },
  },
  {
    name: "naks/never-what-was-given",
    level: 2,
    roles: BOTH,
    requirements: ["TR-NAK-004"],
    about:
      "300 frames, a third of them late or never: what is named is missing, and what is missing is named",
    run: async (context) => {
      const session = await Session.settled(context);
      const random = new SeededRandom(context.seed);
      const lost = new Set<number>();
      const start = session.now;
      for (let i = 0; i < 300; i++) {
        const frame = session.peer.data(Uint8Array.of(i & 0xff));
        if (random.chance(1 / 3)) lost.add(frame.sequence);
        else await session.give([frame]);
        const late = [...lost].find(() => random.chance(0.1));
        const again = late === undefined ? undefined : session.peer.frames[late];
        if (again !== undefined) {
          lost.delete(again.sequence);
          await session.give([again]);
        }
        await session.runFor(3);
      }
      await session.give();
      await session.runFor(60);
      const named = new Set(session.since(start).flatMap(missingIn));
      for (const sequence of lost)
        must(named.has(sequence), "TR-NAK-002", `${sequence} is missing and was never named`);
      for (const sequence of lost)
        await session.give([session.peer.frames[sequence] ?? session.peer.data(KEY)]);
      session.mustDeliverAll();
      mustBe(session.observer.cumulativeGiven, session.peer.frames.length, "TR-ORDER-001", "frames in order");
    },
  },
  {
    name: "naks/answered-at-once",
    level: 2,
    roles: BOTH,
    requirements: ["TR-NAK-005"],
    about: "what a Nak names leaves again at once, once per round trip, and nothing that was not named",
    run: async (context) => {
      const session = await Session.settled(context);
      session.acknowledges = false;
      const first = session.observer.nextUsed;
      session.loses = () => true;
      // More than one datagram holds, so that not everything travels with everything.
      await session.write(new SeededRandom(context.seed).bytes(3_000));
      const end = session.observer.nextUsed;
      await session.runFor(180);
      const asked = session.now;
      await session.give([nak(first + 1, first + 2)]);
      const answered = session.since(asked).flatMap(sequencesOf);
      mustBe(answered.join(), String(first + 1), "TR-NAK-005", `the answer, of ${first} to ${end - 1}`);
      await session.runFor(10);
      const again = session.now;
      await session.give([nak(first + 1, first + 2)]);
      const repeated = session.since(again).flatMap(sequencesOf).length;
      mustBe(repeated, 0, "TR-NAK-005", "frames that a second Nak within the round trip elicited");
    },
  },
  {
    name: "naks/not-for-what-is-acknowledged",
    level: 2,
    roles: BOTH,
    requirements: ["TR-SEND-002", "FR-NAK-001"],
    about: "a Nak for what its own packet acknowledges elicits nothing",
    run: async (context) => {
      const session = await Session.settled(context);
      await session.write(KEY);
      await session.runFor(500);
      const start = session.now;
      const used = session.observer.nextUsed;
      await session.give([nak(used - 1, used)]);
      await session.runFor(500);
      mustBe(session.since(start).length, 0, "TR-SEND-002", "packets that it elicited");
    },
  },
  {
    name: "naks/selective-acknowledgement",
    level: 2,
    roles: BOTH,
    requirements: ["TR-SEND-002"],
    about: "one of several lost packets: only what is not acknowledged, by number or by range, travels again",
    run: async (context) => {
      const session = await Session.settled(context);
      const first = session.observer.nextUsed;
      const victim = first + 1;
      let losses = 1;
      session.loses = (packet) => sequencesOf(packet).includes(victim) && losses-- > 0;
      const text = new SeededRandom(context.seed).bytes(5_000);
      const heard = session.peerStream.length;
      await session.write(text);
      await session.runFor(1_500);
      mustBe(
        session.peer.cumulative,
        session.observer.nextUsed,
        "TR-PROBE-001",
        "frames that arrived in order",
      );
      mustBe(session.peerStream.length, heard + text.length, "TR-SEND-002", "octets that arrived");
    },
  },
];
