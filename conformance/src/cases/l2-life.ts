import { MAX_DATAGRAM } from "libmoshpit/wire";
import { seconds } from "libmoshpit/util";
import { must, type CaseDefinition } from "../run/case.js";
import { kindsOf, sequencesOf } from "../peer/observed.js";
import { Session } from "../peer/session.js";
import { START } from "../peer/setup.js";
import { mustBe } from "./check.js";

const KEY = Uint8Array.of(0x6b);

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
    requirements: ["PL-BEAT-001"],
    about: "a client that hears nothing goes on with its Heartbeats, for an hour",
    run: async (context) => {
      const session = await Session.settled(context);
      session.acknowledges = false;
      const start = session.now;
      await session.runFor(3_600_000);
      const sent = session.since(start);
      must(
        Math.abs(sent.length - 1_200) <= 1,
        "PL-BEAT-001",
        `${sent.length} packets in an hour, 1200 are due`,
      );
      must(
        sent.every((packet) => kindsOf(packet).join() === "heartbeat"),
        "PL-BEAT-001",
        "a silent hour holds other frames than Heartbeats",
      );
    },
  },
];
