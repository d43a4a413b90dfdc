import { equalBytes, type Micros } from "libmoshpit/util";
import { must, type CaseDefinition } from "../run/case.js";
import { kindsOf, sequencesOf } from "../peer/observed.js";
import { Session } from "../peer/session.js";
import { mustBe } from "./check.js";

const BOTH = ["client", "server"] as const;
const KEY = Uint8Array.of(0x6b);
/** At a round trip of 100 ms without variance: the round trip, the least variance, the delay of an acknowledgement. */
export const PROBE_TIMEOUT_MS: number = 100 + 20 + 100;

/** After a probe, its second one and its repetitions (TR-PROBE-005, TR-REPEAT-004) leave within so long. */
const REPEATED_WITHIN_MS = 60;

/** When packets with reliable frames left, from `start`, in milliseconds; repetitions belong to what they repeat. */
export function probeTimes(session: Session, start: Micros): number[] {
  const found: number[] = [];
  for (const packet of session.since(start)) {
    const at = (packet.at - start) / 1000;
    const isRepetition = at - (found.at(-1) ?? -Infinity) <= REPEATED_WITHIN_MS;
    if (sequencesOf(packet).length > 0 && !isRepetition) found.push(at);
  }
  return found;
}

/** Nothing arrives, either way, from now on. */
export function blackOut(session: Session): void {
  session.loses = () => true;
  session.acknowledges = false;
}

/** The last packet is lost: nobody but its sender can know. */
export const TAIL_CASES: readonly CaseDefinition[] = [
  {
    name: "tail/lost-packet-is-probed",
    level: 2,
    roles: BOTH,
    requirements: ["TR-PROBE-001"],
    about: "the packet with the last frame is lost, and only that: it arrives within three probe timeouts",
    run: async (context) => {
      const session = await Session.settled(context);
      const [sequence, start] = [session.observer.nextUsed, session.now];
      let losses = 1;
      session.loses = (packet) => sequencesOf(packet).includes(sequence) && losses-- > 0;
      const before = session.peerStream;
      await session.write(KEY);
      const arrived = await session.runUntilTrue(() => session.peer.cumulative > sequence, 10_000);
      must(arrived, "TR-PROBE-001", "a lost last packet was never sent again");
      const took = (session.now - start) / 1000;
      const limit = 3 * PROBE_TIMEOUT_MS + 50;
      must(took <= limit, "TR-PROBE-001", `recovered after ${took} ms, the limit is ${limit} ms`);
      const expected = Uint8Array.of(...before, ...KEY);
      must(equalBytes(session.peerStream, expected), "TR-SEND-002", "another octet arrived than was written");
    },
  },
  {
    name: "tail/first-probe",
    level: 2,
    roles: BOTH,
    requirements: ["TR-PROBE-001"],
    about: "without an acknowledgement the first probe leaves after the probe timeout, not before",
    run: async (context) => {
      const session = await Session.settled(context);
      blackOut(session);
      const start = session.now;
      await session.write(KEY);
      await session.runFor(400);
      const [, probe] = probeTimes(session, start);
      must(probe !== undefined, "TR-PROBE-001", "no probe within 400 ms");
      must(
        Math.abs(probe - PROBE_TIMEOUT_MS) <= 15,
        "TR-PROBE-001",
        `the first probe left after ${probe} ms, ${PROBE_TIMEOUT_MS} ms are due`,
      );
    },
  },
  {
    name: "tail/no-probe-once-acknowledged",
    level: 2,
    roles: BOTH,
    requirements: ["TR-PROBE-001", "TR-SEND-002"],
    about: "where everything is acknowledged, nothing is sent again",
    run: async (context) => {
      const session = await Session.settled(context);
      const start = session.now;
      await session.write(KEY);
      await session.runFor(2_500);
      const sent = session.since(start).flatMap(sequencesOf).length;
      mustBe(sent, 1, "TR-SEND-002", "times that the frame was sent");
    },
  },
  {
    name: "tail/pace-of-a-client",
    level: 2,
    roles: ["client"],
    requirements: ["TR-PROBE-002"],
    about: "in a black hole a client probes every 200 ms, after 60 s every second, after 5 minutes every 3 s",
    run: async (context) => {
      const session = await Session.settled(context);
      blackOut(session);
      const start = session.now;
      await session.write(KEY);
      await session.runFor(400_000);
      const times = probeTimes(session, start);
      const within = (from: number, to: number): number[] => {
        const inside = times.filter((at) => at >= from && at < to);
        return inside.slice(1).map((at, i) => at - (inside[i] ?? 0));
      };
      for (const [from, to, low, high] of [
        [1_000, 58_000, 199, PROBE_TIMEOUT_MS + 15],
        [63_000, 295_000, 995, 1_005],
        [306_000, 400_000, 2_990, 3_010],
      ] as const) {
        const gaps = within(from, to);
        must(
          gaps.length >= (0.9 * (to - from)) / high,
          "TR-PROBE-002",
          `${gaps.length} probes in ${to - from} ms`,
        );
        const wrong = gaps.find((gap) => gap < low || gap > high);
        must(wrong === undefined, "TR-PROBE-002", `probes ${wrong} ms apart after ${from / 1000} s`);
      }
    },
  },
  {
    name: "tail/pace-of-a-server",
    level: 2,
    roles: ["server"],
    requirements: ["TR-PROBE-002", "PL-SILENCE-001"],
    about: "in a black hole a server probes every 200 ms, and ends after 60 s of silence",
    run: async (context) => {
      const session = await Session.settled(context);
      blackOut(session);
      const [start, silentSince] = [session.now, session.now - 1_000_000];
      await session.write(KEY);
      await session.runFor(300_000);
      const times = probeTimes(session, start);
      const gaps = times.slice(2).map((at, i) => at - (times[i + 1] ?? 0));
      gaps.forEach((gap, i) => {
        const isDue = gap >= 199 && gap <= PROBE_TIMEOUT_MS + 15;
        must(isDue, "TR-PROBE-002", `probe ${i + 2} came after ${gap} ms, not ${PROBE_TIMEOUT_MS} ms`);
      });
      const last = session.packets.at(-1)?.at ?? 0;
      must(
        last - silentSince <= 61_100_000,
        "PL-SILENCE-001",
        "a server sent after more than 60 s of silence",
      );
      must(times.length >= 240, "TR-PROBE-002", `${times.length} probes in the first minute`);
    },
  },
  {
    name: "tail/back-to-the-first-pace",
    level: 2,
    roles: BOTH,
    requirements: ["TR-PROBE-003"],
    about: "after 20 s in a black hole something is heard: the next probe leaves at once",
    run: async (context) => {
      const session = await Session.settled(context);
      blackOut(session);
      await session.write(KEY);
      await session.runFor(20_000);
      const last = session.packets.at(-1)?.at ?? session.now;
      await session.runUntil(Math.max(session.now, last + 150_000) as Micros);
      const start = session.now;
      await session.give([{ kind: "heartbeat" }]);
      await session.runFor(PROBE_TIMEOUT_MS - 100);
      const sent = session.since(start).filter((packet) => sequencesOf(packet).length > 0);
      must(sent.length > 0, "TR-PROBE-003", "no probe within the first interval of the last one");
    },
  },
  {
    name: "tail/never-given-up",
    level: 2,
    roles: BOTH,
    requirements: ["TR-PROBE-004"],
    about:
      "half an hour in a black hole: then what was written arrives, in order, with what was written since",
    run: async (context) => {
      const session = await Session.settled(context);
      const heard = session.peerStream.length;
      blackOut(session);
      for (let i = 0; i < 6; i++) {
        await session.write(Uint8Array.of(i));
        await session.runFor(300_000);
      }
      session.loses = () => false;
      session.acknowledges = true;
      await session.give([{ kind: "heartbeat" }]);
      await session.runFor(3_000);
      const arrived = session.peerStream.subarray(heard);
      mustBe(arrived.join(), "0,1,2,3,4,5", "TR-PROBE-004", "what arrived after the black hole");
    },
  },
  {
    name: "tail/a-new-key-leaves-at-once",
    level: 2,
    roles: ["client"],
    requirements: ["TR-PROBE-004", "TR-SEND-005"],
    about: "a key that is typed in a black hole leaves at once, with all that waits",
    run: async (context) => {
      const session = await Session.settled(context);
      blackOut(session);
      const first = session.observer.nextUsed;
      await session.write(KEY);
      await session.runFor(90_000);
      const start = session.now;
      await session.write(KEY);
      const [packet] = session.since(start);
      must(packet?.at === start, "TR-PROBE-004", "the new key waited");
      mustBe(sequencesOf(packet).join(), `${first},${first + 1}`, "TR-SEND-005", "what its packet carries");
    },
  },
  {
    name: "tail/a-second-probe-under-loss",
    level: 2,
    roles: BOTH,
    requirements: ["TR-PROBE-005"],
    about: "where the peer reports losses, each probe is followed by another after 6 ms; elsewhere not",
    run: async (context) => {
      const clean = await Session.settled(context);
      mustBe(await twins(clean), 0, "TR-PROBE-005", "second probes where nothing is lost");
      await clean.subject.destroy();
      const lossy = await Session.settled(context);
      await reportLoss(lossy, 6);
      must((await twins(lossy)) >= 3, "TR-PROBE-005", "probes were not followed by another 6 ms later");
    },
  },
  {
    name: "tail/every-key-once",
    level: 2,
    roles: BOTH,
    requirements: ["TR-ORDER-001", "TR-PROBE-001", "PK-NUM-001"],
    about: "200 keys, every third packet lost each way: each arrives once and in order, within two seconds",
    run: async (context) => {
      const session = await Session.settled(context);
      const heard = session.peerStream.length;
      session.loses = (packet) => packet.number % 3 === 0;
      for (let i = 0; i < 200; i++) {
        await session.write(Uint8Array.of(i));
        await session.runFor(40);
      }
      await session.runFor(2_000);
      const arrived = session.peerStream.subarray(heard);
      mustBe(
        arrived.join(),
        Array.from({ length: 200 }, (_, i) => i).join(),
        "TR-ORDER-001",
        "the keys as they arrived",
      );
      must(!session.packets.some((packet) => kindsOf(packet).includes("close")), "TR-PROBE-004", "it ended");
    },
  },
];

/** The peer reports that one packet in `every` of the last 240 was lost. */
export async function reportLoss(session: Session, every: number): Promise<void> {
  const lose = (number: number): boolean => number % every === 0;
  session.loses = (packet) => lose(packet.number);
  for (let i = 0; i < 260; i++) {
    await session.write(KEY);
    await session.runFor(25);
  }
  await session.runFor(1_500);
  session.loses = () => false;
  await session.write(KEY);
  await session.runFor(1_500);
}

/** How many packets of 2 s in a black hole left 6 ms after another one: repetitions keep other distances. */
async function twins(session: Session): Promise<number> {
  blackOut(session);
  await session.write(KEY);
  await session.runFor(150);
  const start = session.now;
  await session.runFor(2_000);
  const times = session.since(start).map(({ at }) => at / 1000);
  return times.filter((at) => times.some((before) => Math.abs(at - before - 6) <= 0.5)).length;
}
