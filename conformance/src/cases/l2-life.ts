import { MAX_DATAGRAM } from "libmoshpit/wire";
import { seconds, type Micros } from "libmoshpit/util";
import { must, type CaseDefinition } from "../run/case.js";
import { kindsOf, sequencesOf } from "../peer/observed.js";
import { Session } from "../peer/session.js";
import { START } from "../peer/setup.js";
import { mustBe } from "./check.js";
import { PROBE_TIMEOUT_MS, probeTimes } from "./l2-tail.js";

const KEY = Uint8Array.of(0x6b);

/** When the packets with a Challenge left, from `start`, in milliseconds. */
function questionsSince(session: Session, start: Micros): number[] {
  return session
    .since(start)
    .filter((packet) => kindsOf(packet).includes("challenge"))
    .map(({ at }) => (at - start) / 1000);
}

/** How a connection begins, falls silent and ends by itself. */
export const LIFE_CASES: readonly CaseDefinition[] = [
  {
    name: "life/the-client-begins",
    level: 2,
    roles: ["client"],
    requirements: ["PL-LIFE-001"],
    about: "a client sends at once, and until it is heard after 200 ms, doubling to 3 s",
    run: async (context) => {
      const session = await Session.open(context);
      const start = session.now;
      session.acknowledges = false;
      await session.runFor(12_000);
      const times = session.packets.map(({ at }) => (at - start) / 1000);
      const expected = [0, 200, 600, 1_400, 3_000, 6_000, 9_000];
      expected.forEach((due, i) => {
        const at = times[i] ?? Infinity;
        must(Math.abs(at - due) <= 5, "PL-LIFE-001", `greeting ${i + 1} left after ${at} ms, not ${due} ms`);
      });
    },
  },
  {
    name: "life/the-server-waits",
    level: 2,
    roles: ["server"],
    requirements: ["PL-LIFE-001", "PK-OPEN-002"],
    about:
      "a server sends nothing before the first authentic packet, whatever comes and whatever it has to say",
    run: async (context) => {
      const session = await Session.open(context);
      await session.write(KEY);
      for (let i = 0; i < 20; i++) {
        await session.deliverRaw(new Uint8Array(MAX_DATAGRAM).fill(i));
        await session.runFor(1_000);
      }
      mustBe(session.packets.length, 0, "PL-LIFE-001", "packets before the first of the client");
      await session.greet();
      must(
        session.packets.some((packet) => sequencesOf(packet).length > 0),
        "PL-LIFE-001",
        "then it sends nothing",
      );
    },
  },
  {
    name: "life/nobody-comes",
    level: 2,
    roles: ["server"],
    requirements: ["PL-LIFE-002"],
    about: "after first_datagram_seconds without an authentic packet the connection is over",
    run: async (context) => {
      const session = await Session.open(context, { firstDatagramSeconds: 12 });
      await session.runUntil((START + seconds(13)) as typeof START);
      await session.subject.step({
        case: "datagram",
        value: {
          address: "client:61001",
          octets: session.peer.packet(session.now, [], { padTo: 1100 }).bytes,
        },
      });
      await session.runFor(5_000);
      mustBe(session.packets.length, 0, "PL-LIFE-002", "packets of a connection that is over");
    },
  },
  {
    name: "life/somebody-comes",
    level: 2,
    roles: ["server"],
    requirements: ["PL-LIFE-002"],
    about: "a first packet just before first_datagram_seconds is in time (the twin of the case before)",
    run: async (context) => {
      const session = await Session.open(context, { firstDatagramSeconds: 12 });
      await session.runUntil((START + seconds(11.9)) as typeof START);
      await session.greet();
      await session.runFor(20_000);
      const start = session.now;
      await session.give([session.peer.data(KEY)]);
      await session.runFor(200);
      must(
        session.since(start).length > 0,
        "PL-LIFE-002",
        "the connection is over, though a packet came in time",
      );
    },
  },
  {
    name: "life/detached-too-long",
    level: 2,
    roles: ["server"],
    requirements: ["PL-LIFE-003"],
    about: "a client that was silent for the lifetime of detached sessions finds the connection over",
    run: async (context) => {
      const session = await Session.settled(context, { detachedLifetime: seconds(600) });
      await session.runFor(610_000);
      const start = session.now;
      const packet = session.peer.packet(session.now, [session.peer.data(KEY)]);
      await session.deliverRaw(packet.bytes);
      await session.runFor(5_000);
      mustBe(session.since(start).length, 0, "PL-LIFE-003", "packets of a connection that is over");
    },
  },
  {
    name: "life/back-in-time",
    level: 2,
    roles: ["server"],
    requirements: ["PL-LIFE-003", "PL-SILENCE-001"],
    about:
      "a client that comes back before that is answered with all that waits (the twin of the case before)",
    run: async (context) => {
      const session = await Session.settled(context, { detachedLifetime: seconds(600) });
      const heard = session.peerStream.length;
      session.loses = () => true;
      await session.write(KEY);
      await session.runFor(580_000);
      await session.write(KEY);
      session.loses = () => false;
      await session.give([{ kind: "heartbeat" }]);
      await session.runFor(1_000);
      mustBe(session.peerStream.length - heard, 2, "PL-LIFE-003", "octets that waited");
    },
  },
  {
    name: "life/a-silent-server",
    level: 2,
    roles: ["server"],
    requirements: ["PL-SILENCE-001"],
    about:
      "a server that heard nothing for 60 s sends nothing, not even what its program writes, until it hears",
    run: async (context) => {
      const session = await Session.settled(context);
      await session.runFor(61_000);
      const start = session.now;
      await session.write(KEY);
      await session.runFor(120_000);
      mustBe(session.since(start).length, 0, "PL-SILENCE-001", "packets after 60 s of silence");
      const back = session.now;
      await session.give([{ kind: "heartbeat" }]);
      await session.runFor(400);
      const [first] = session.since(back).filter((packet) => sequencesOf(packet).length > 0);
      must(first !== undefined, "PL-SILENCE-001", "what waited did not follow when the client was heard");
    },
  },
  {
    name: "life/a-heartbeat-in-silence",
    level: 2,
    roles: ["client"],
    requirements: ["PL-BEAT-001", "PL-OUTAGE-001"],
    about: "a client that hears nothing asks, and sends something every 3 s at least, for 20 minutes",
    run: async (context) => {
      const session = await Session.settled(context);
      session.acknowledges = false;
      await session.give([{ kind: "heartbeat" }]);
      const start = session.now;
      await session.runFor(1_200_000);
      const sent = session.since(start);
      const gaps = sent.map(({ at }, i) => at - (sent[i - 1]?.at ?? start));
      must(
        gaps.every((gap) => gap <= 3_001_000),
        "PL-BEAT-001",
        () => `nothing was sent for ${Math.max(...gaps) / 1000} ms`,
      );
      must(sent.length <= 820, "PL-OUTAGE-001", `${sent.length} packets in 20 silent minutes`);
      for (const packet of sent)
        must(
          kindsOf(packet).every((kind) => kind === "heartbeat" || kind === "challenge"),
          "PL-BEAT-001",
          `the silence holds ${kindsOf(packet).join()}`,
        );
    },
  },
  {
    name: "life/silence-is-asked-about",
    level: 2,
    roles: ["client"],
    requirements: ["PL-OUTAGE-001"],
    about: "4 s after it heard something a client asks, again after 200 ms, doubling to 3 s, until it hears",
    run: async (context) => {
      const session = await Session.settled(context);
      session.acknowledges = false;
      await session.give([{ kind: "heartbeat" }]);
      const start = session.now;
      await session.runFor(17_000);
      const found = questionsSince(session, start);
      const expected = [4_000, 4_200, 4_600, 5_400, 7_000, 10_000, 13_000, 16_000];
      mustBe(found.length, expected.length, "PL-OUTAGE-001", "Challenges in 17 s of silence");
      expected.forEach((due, i) => {
        const at = found[i] ?? Infinity;
        must(
          Math.abs(at - due) <= 5,
          "PL-OUTAGE-001",
          `Challenge ${i + 1} left after ${at} ms, not ${due} ms`,
        );
      });
      await session.give();
      const heard = session.now;
      await session.runFor(3_990);
      mustBe(
        questionsSince(session, heard).length,
        0,
        "PL-OUTAGE-001",
        "Challenges once the server was heard",
      );
      await session.runFor(20);
      mustBe(questionsSince(session, heard).length, 1, "PL-OUTAGE-001", "Challenges after 4 s");
    },
  },
  {
    name: "life/probes-ask-as-well",
    level: 2,
    roles: ["client"],
    requirements: ["PL-OUTAGE-001", "TR-PROBE-002"],
    about: "while something is unacknowledged, probes ask for it: no Challenge in 20 s of silence",
    run: async (context) => {
      const session = await Session.settled(context);
      const start = session.now;
      session.acknowledges = false;
      session.loses = () => true;
      await session.write(KEY);
      await session.runFor(20_000);
      mustBe(questionsSince(session, start).length, 0, "PL-OUTAGE-001", "Challenges beside probes");
    },
  },
  {
    name: "life/a-question-is-answered",
    level: 2,
    roles: ["server"],
    requirements: ["PL-OUTAGE-001", "FR-CHALLENGE-001", "TR-RTT-003"],
    about: "a client's Challenges are answered at once with their tokens, and are no change of the path",
    run: async (context) => {
      const session = await Session.settled(context);
      session.acknowledges = false;
      for (let i = 1; i <= 3; i++) {
        const [start, token] = [session.now, new Uint8Array(8).fill(i)];
        await session.give([{ kind: "challenge", token }]);
        const answers = session
          .since(start)
          .flatMap(({ payload }) =>
            payload.frames.flatMap((frame) =>
              frame.kind === "challenge-response" ? [frame.token.join()] : [],
            ),
          );
        mustBe(answers.join(" "), token.join(), "FR-CHALLENGE-001", "tokens of the answer");
        await session.runFor(200);
      }
      session.loses = () => true;
      const start = session.now;
      await session.write(KEY);
      await session.runFor(400);
      const [, probe = Infinity] = probeTimes(session, start);
      // Without a round trip it would be 550 ms.
      must(
        probe <= PROBE_TIMEOUT_MS + 30,
        "TR-RTT-003",
        `the round trip is forgotten: a probe after ${probe} ms`,
      );
    },
  },
];
