import { MAX_DATAGRAM, type Frame } from "libmoshpit/wire";
import { micros, seconds } from "libmoshpit/util";
import { must, type CaseDefinition } from "../run/case.js";
import type { ObservedPacket } from "../peer/observed.js";
import { CLIENT_ADDRESS, Session } from "../peer/session.js";
import { mustBe, mustEqual } from "./check.js";
import { mustChangeNothing } from "./l2-datagrams.js";

const KEY = Uint8Array.of(0x6b);
const ELSEWHERE = "client:61002";

function tokensTo(packets: readonly ObservedPacket[], address: string): Uint8Array[] {
  return packets
    .filter((packet) => packet.address === address)
    .flatMap(({ payload }) => payload.frames)
    .flatMap((frame) => (frame.kind === "challenge" ? [frame.token] : []));
}

const response = (token: Uint8Array): Frame => ({ kind: "challenge-response", token });

/** Where the peer is, and what may be sent there. */
export const PATH_CASES: readonly CaseDefinition[] = [
  {
    name: "path/follows-the-newest",
    level: 2,
    roles: ["server"],
    requirements: ["PL-PATH-001", "PL-PATH-003"],
    about: "a packet from a new address moves the path; both addresses are challenged, with two tokens",
    run: async (context) => {
      const session = await Session.settled(context);
      const start = session.now;
      session.peerAddress = ELSEWHERE;
      await session.give([session.peer.data(KEY)]);
      await session.write(KEY);
      await session.runFor(100);
      const sent = session.since(start);
      must(
        sent.some(
          ({ address, payload }) =>
            address === ELSEWHERE && payload.frames.some(({ kind }) => kind === "data"),
        ),
        "PL-PATH-001",
        "output did not follow the client to its new address",
      );
      const [fresh] = tokensTo(sent, ELSEWHERE);
      const [former] = tokensTo(sent, CLIENT_ADDRESS);
      must(fresh !== undefined, "PL-PATH-003", "no Challenge to the new address");
      must(former !== undefined, "PL-PATH-003", "no Challenge to the former address, which was validated");
      must(fresh.join() !== former.join(), "PL-PATH-003", "both Challenges hold the same token");
      await session.runFor(2_000);
      const later = session.now;
      await session.runFor(10_000);
      mustBe(
        tokensTo(session.since(later), ELSEWHERE).length,
        0,
        "PL-PATH-003",
        "Challenges after the answer",
      );
      mustBe(session.peer.cumulative, session.observer.nextUsed, "TR-ORDER-001", "frames at the new address");
    },
  },
  {
    name: "path/not-for-forgeries",
    level: 2,
    roles: ["server"],
    requirements: ["PL-PATH-001", "PK-OPEN-002"],
    about: "forged datagrams from another address, with the highest packet numbers: nothing moves",
    run: async (context) => {
      const session = await Session.settled(context);
      const real = session.peer.packet(session.now, [session.peer.data(KEY)]);
      const forged = real.bytes.map((octet, i) => (i >= 60 ? octet ^ 0x55 : octet));
      forged.set([0, 0, 0, 0, 0, 1, 0, 0], 9);
      await mustChangeNothing(session, "PL-PATH-001", "a forgery", forged, ELSEWHERE);
      await session.write(KEY);
      await session.deliver(real);
      await session.runFor(500);
      mustBe(session.peer.cumulative, session.observer.nextUsed, "PL-PATH-001", "frames at the true address");
    },
  },
  {
    name: "path/not-for-replays",
    level: 2,
    roles: ["server"],
    requirements: ["PL-PATH-001", "PK-REPLAY-001"],
    about: "the client's own last packets, repeated from another address: nothing moves",
    run: async (context) => {
      const session = await Session.settled(context);
      for (let i = 0; i < 5; i++) {
        const { bytes } = await session.give([session.peer.data(KEY)]);
        await mustChangeNothing(session, "PL-PATH-001", "a replay", bytes, ELSEWHERE);
      }
      await session.write(KEY);
      await session.runFor(500);
      mustBe(session.peer.cumulative, session.observer.nextUsed, "PL-PATH-001", "frames at the true address");
    },
  },
  {
    name: "path/not-for-the-overtaken",
    level: 2,
    roles: ["server"],
    requirements: ["PL-PATH-001"],
    about: "an authentic packet that was overtaken comes from another address: taken, but nothing moves",
    run: async (context) => {
      const session = await Session.settled(context);
      const late = session.peer.packet(session.now, [session.peer.data(KEY)]);
      await session.give([session.peer.data(KEY)]);
      await session.deliver(late, ELSEWHERE);
      session.mustDeliverAll();
      await session.write(KEY);
      await session.runFor(500);
      mustBe(session.peer.cumulative, session.observer.nextUsed, "PL-PATH-001", "frames at the true address");
    },
  },
  {
    name: "path/three-times-at-first",
    level: 2,
    roles: ["server"],
    requirements: ["PL-PATH-002"],
    about: "until the first address is validated it gets at most three times what came from there",
    run: async (context) => {
      const session = await Session.open(context);
      session.acknowledges = false;
      await session.give([{ kind: "heartbeat" }], { padTo: session.peer.maxPlaintext });
      await session.write(new Uint8Array(100_000));
      await session.runFor(30_000);
      const sent = session.packets.reduce((sum, { octets }) => sum + octets, 0);
      must(sent > 2 * MAX_DATAGRAM, "PL-PATH-002", `only ${sent} octets were sent: nothing was limited`);
      const [token] = tokensTo(session.packets, CLIENT_ADDRESS);
      must(token !== undefined, "PL-PATH-003", "no Challenge to the first address");
      session.acknowledges = true;
      await session.give([response(token)]);
      const all = (): boolean => session.peerStream.length === 100_000;
      must(await session.runUntilTrue(all, 20_000), "PL-PATH-002", "the rest did not follow its validation");
    },
  },
  {
    name: "path/three-times-after-a-move",
    level: 2,
    roles: ["server"],
    requirements: ["PL-PATH-002", "PL-PATH-003"],
    about:
      "a new address that answers nothing, or with a wrong token, or with the former address's, stays limited",
    run: async (context) => {
      const session = await Session.settled(context);
      const start = session.now;
      session.peerAddress = ELSEWHERE;
      session.acknowledges = false;
      await session.give([session.peer.data(KEY)]);
      await session.write(new Uint8Array(50_000));
      await session.runFor(500);
      await session.give([response(new Uint8Array(8).fill(0xee))]);
      await session.runFor(500);
      const [former] = tokensTo(session.since(start), CLIENT_ADDRESS);
      must(former !== undefined, "PL-PATH-003", "no Challenge to the former address");
      await session.give([response(former)]);
      await session.runFor(5_000);
      must(session.since(start).length > 1, "PL-PATH-003", "nothing was sent to the new address at all");
    },
  },
  {
    name: "path/back-to-a-client-that-did-not-move",
    level: 2,
    roles: ["server"],
    requirements: ["PL-PATH-003"],
    about:
      "somebody carries the client's packet in from elsewhere; the client's answer to its Challenge moves it back",
    run: async (context) => {
      const session = await Session.settled(context);
      const carried = session.peer.packet(session.now, [session.peer.data(KEY)]);
      await session.deliver(carried, ELSEWHERE);
      await session.runFor(500);
      const start = session.now;
      await session.write(KEY);
      await session.runFor(500);
      must(
        session.since(start).every(({ address }) => address === CLIENT_ADDRESS),
        "PL-PATH-003",
        "the path did not come back",
      );
      mustBe(session.peer.cumulative, session.observer.nextUsed, "PL-PATH-003", "frames at the client");
    },
  },
  {
    name: "path/challenge-is-repeated",
    level: 2,
    roles: ["server"],
    requirements: ["PL-PATH-003"],
    about:
      "a Challenge without an answer is repeated at doubling intervals, up to 3 s, while the limit allows it",
    run: async (context) => {
      const session = await Session.open(context);
      session.acknowledges = false;
      for (let i = 0; i < 12; i++) {
        await session.give([{ kind: "heartbeat" }], { padTo: session.peer.maxPlaintext });
        await session.runFor(1_500);
      }
      const times = session.packets
        .filter(({ payload }) => payload.frames.some(({ kind }) => kind === "challenge"))
        .map(({ at }) => at / 1000);
      must(times.length >= 5, "PL-PATH-003", `${times.length} Challenges in 18 s`);
      const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
      gaps.slice(1).forEach((gap, i) => {
        const due = Math.min(2 * (gaps[i] ?? 0), 3_000);
        must(
          Math.abs(gap - due) <= 5,
          "PL-PATH-003",
          `a Challenge came ${gap} ms after the last, not ${due} ms`,
        );
      });
      must(gaps.at(-1) === 3_000, "PL-PATH-003", "the interval does not reach 3 s");
    },
  },
  {
    name: "path/challenge-is-answered",
    level: 2,
    roles: ["client"],
    requirements: ["FR-CHALLENGE-001"],
    about: "a client answers a Challenge at once with its token, each of several in turn",
    run: async (context) => {
      const session = await Session.settled(context);
      for (let i = 1; i <= 3; i++) {
        const token = new Uint8Array(8).fill(0x40 + i);
        const start = session.now;
        await session.give([{ kind: "challenge", token }]);
        const [packet] = session.since(start);
        must(packet?.at === start, "FR-CHALLENGE-001", "a Challenge was not answered at once");
        const answer = packet.payload.frames.find((frame) => frame.kind === "challenge-response");
        mustEqual(answer?.token, token, "FR-CHALLENGE-001", "the token");
        await session.runFor(30);
      }
    },
  },
  {
    name: "path/a-client-does-not-move",
    level: 2,
    roles: ["client"],
    requirements: ["PL-PATH-001"],
    about: "authentic packets from another address than the server's: the client sends where it dialled",
    run: async (context) => {
      const session = await Session.settled(context);
      await session.deliver(session.peer.packet(session.now, [session.peer.data(KEY)]), "server:1");
      await session.write(KEY);
      await session.runFor(1_000);
      mustBe(session.peer.cumulative, session.observer.nextUsed, "PL-PATH-001", "frames at the server");
    },
  },
  {
    name: "path/padding",
    level: 2,
    roles: ["client"],
    requirements: ["PL-PATH-004"],
    about:
      "a client's packets are full until it hears the server, small then, and full once after a long sleep",
    run: async (context) => {
      const session = await Session.open(context);
      session.acknowledges = false;
      await session.runFor(700);
      const lengths = session.packets.map(({ octets }) => octets);
      must(lengths.length >= 2, "PL-LIFE-001", "the client did not greet");
      for (const octets of lengths) mustBe(octets, MAX_DATAGRAM, "PL-PATH-004", "octets of a greeting");
      session.acknowledges = true;
      await session.give();
      await session.runFor(3_000);
      const start = session.now;
      await session.write(KEY);
      await session.runFor(2_000);
      must(
        session.since(start).every(({ octets }) => octets < 400),
        "PL-PATH-004",
        "packets are padded in the midst of a session",
      );
      // The machine sleeps: nobody asks whether a timer is due.
      session.subject.moveTo(micros(session.now + seconds(100)));
      const woken = session.now;
      await session.subject.advance();
      const [first] = session.since(woken);
      mustBe(first?.octets ?? 0, MAX_DATAGRAM, "PL-PATH-004", "octets of the first packet after a sleep");
    },
  },
];
