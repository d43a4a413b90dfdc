import { identityFromSeed } from "libmoshpit/handshake";
import { ascii, toHex } from "libmoshpit/util";
import { MAX_DATAGRAM, RejectCode, SEQUENCE_WINDOW, type SessionAcceptedInit } from "libmoshpit/wire";
import { nodeCrypto } from "libmoshpit-node/crypto";
import { must, type CaseDefinition } from "../run/case.js";
import type { Link } from "../peer/link.js";
import { sequencesOf } from "../peer/observed.js";
import { askToResume, granted, letResume, refuseResuming, type Asking } from "../peer/resuming.js";
import { Session } from "../peer/session.js";
import { sessionAccepted } from "../peer/setup.js";
import { mustBe } from "./check.js";
import { blackOut } from "./l2-tail.js";

const BOTH = ["client", "server"] as const;
const FEATURES = ["resume"] as const;
const KEY = Uint8Array.of(0x6b);

/** The path carries packets again, both ways. */
function heal(session: Session): void {
  session.loses = () => false;
  session.acknowledges = true;
}

/** Another connection in place of the current one, heard on both sides. */
async function changeConnection(session: Session): Promise<Link> {
  const link = session.role === "client" ? (await letResume(session)).link : await granted(session);
  heal(session);
  const padTo = session.role === "server" ? link.peer.maxPlaintext : 0;
  await session.runFor(60);
  await session.giveOn(link, [{ kind: "heartbeat" }], { padTo });
  return link;
}

async function mustRefuse(session: Session, asking: Asking, what: string): Promise<void> {
  const answer = await askToResume(session, asking);
  const code = typeof answer === "object" ? "a connection" : answer;
  mustBe(code, RejectCode.NO_SUCH_SESSION, "PL-RESUME-002", what);
}

/** The client's packets since then that are on that connection. */
const packetsOn = (link: Link, since = 0): Link["observer"]["packets"] =>
  link.observer.packets.filter(({ at }) => at >= since);

/** Attachments that outlive their connections. */
export const RESUME_CASES: readonly CaseDefinition[] = [
  {
    name: "resume/exactly-once",
    level: 2,
    roles: BOTH,
    features: FEATURES,
    requirements: ["PL-RESUME-001", "PL-RESUME-004"],
    about: "two outages, each ended by a resumption: what was written before, in them and after arrives once",
    run: async (context) => {
      const session = await Session.settled(context);
      const before = session.peerStream.length;
      const written: number[] = [];
      const write = async (octet: number, count = 1): Promise<void> => {
        written.push(...new Array<number>(count).fill(octet));
        await session.write(new Uint8Array(count).fill(octet));
      };
      for (let outage = 0; outage < 2; outage++) {
        blackOut(session);
        // More than a datagram holds.
        await write(1, 3_000);
        const lost = session.peer.data(ascii("lost"));
        await session.runFor(9_000);
        await write(2);
        await changeConnection(session);
        await session.give([lost, session.peer.data(ascii("found"))]);
        await write(3);
        await session.runFor(3_000);
        session.mustDeliverAll();
        const arrived = session.peerStream.subarray(before);
        mustBe(toHex(arrived), toHex(Uint8Array.from(written)), "PL-RESUME-001", "what arrived");
        must(session.observer.allAcknowledged, "PL-RESUME-001", "something is unacknowledged");
      }
    },
  },
  {
    name: "resume/the-former-is-erased",
    level: 2,
    roles: BOTH,
    features: FEATURES,
    requirements: ["PL-RESUME-004", "PK-OPEN-002"],
    about: "packets of the former connection, never seen before, change nothing and are not answered",
    run: async (context) => {
      const session = await Session.settled(context);
      const former = session.current;
      await changeConnection(session);
      await session.runFor(1_000);
      const delivered = session.subject.delivered().length;
      const acknowledged = session.observer.cumulativeGiven;
      // The attachment's next frame, on the wrong connection.
      const frame = session.peer.data(ascii("late"));
      for (let i = 0; i < 3; i++) {
        await session.deliverRaw(former.peer.packet(session.now, [frame], { padTo: 600 }).bytes);
        await session.runFor(300);
      }
      mustBe(session.subject.delivered().length, delivered, "PL-RESUME-004", "octets that are delivered");
      await session.give();
      await session.write(KEY);
      await session.runFor(500);
      mustBe(session.observer.cumulativeGiven, acknowledged, "PL-RESUME-004", "frames that were given");
      await session.give([frame]);
      await session.runFor(500);
      session.mustDeliverAll();
    },
  },
  {
    name: "resume/stale-generations",
    level: 2,
    roles: ["server"],
    features: FEATURES,
    requirements: ["PL-RESUME-002"],
    about:
      "below a candidate's generation, or not above the current one: refused; a candidate's again: granted",
    run: async (context) => {
      const session = await Session.settled(context);
      await granted(session, { generation: 3 });
      await mustRefuse(session, { generation: 2 }, "generation 2 beside a candidate of 3");
      const link = await granted(session, { generation: 3 });
      await session.giveOn(link, [{ kind: "heartbeat" }], { padTo: link.peer.maxPlaintext });
      await mustRefuse(session, { generation: 3 }, "generation 3 once it is the current one");
      await mustRefuse(session, { generation: 2 }, "generation 2 after generation 3");
      await granted(session, { generation: 4 });
    },
  },
  {
    name: "resume/counts-that-can-not-be",
    level: 2,
    roles: ["server"],
    features: FEATURES,
    requirements: ["PL-RESUME-002"],
    about: "counts beyond what was sent, or beyond the window: refused; at the bound: granted",
    run: async (context) => {
      const session = await Session.settled(context);
      const sent = session.observer.nextUsed;
      const bound = session.observer.cumulativeGiven + SEQUENCE_WINDOW;
      await mustRefuse(session, { cumulativeSequence: sent + 1 }, "more than the server sent");
      await mustRefuse(session, { nextSequence: bound + 1 }, "more than the window lets out");
      await granted(session, { cumulativeSequence: sent, nextSequence: bound });
    },
  },
  {
    name: "resume/of-somebody-else",
    level: 2,
    roles: ["server"],
    features: FEATURES,
    requirements: ["PL-RESUME-002"],
    about: "an attachment that is not there, another user, another key that is let in as well: refused",
    run: async (context) => {
      const other = identityFromSeed(nodeCrypto, new Uint8Array(32).fill(0x0e));
      const session = await Session.settled(context, { alsoTrusted: [other.publicKey] });
      await mustRefuse(session, { attachmentId: new Uint8Array(16).fill(9) }, "an unknown attachment");
      await mustRefuse(session, { user: "mallory" }, "another user");
      await mustRefuse(session, { identity: other }, "another key");
      await granted(session);
    },
  },
  {
    name: "resume/a-candidate-is-silent",
    level: 2,
    roles: ["server"],
    features: FEATURES,
    requirements: ["PL-RESUME-003", "PK-OPEN-002"],
    about: "nothing leaves on a candidate until it is heard, whatever is forged, and the current one goes on",
    run: async (context) => {
      const session = await Session.settled(context);
      const former = session.current;
      const link = await granted(session);
      const forged = link.peer.packet(session.now, [], { padTo: link.peer.maxPlaintext }).bytes;
      forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
      const before = session.subject.deliveries.length;
      for (let i = 0; i < 20; i++) {
        await session.write(KEY);
        await session.give([session.peer.data(KEY)]);
        await session.deliverRaw(forged);
        await session.runFor(1_000);
      }
      mustBe(
        session.subject.deliveries.length,
        before + 20,
        "PL-RESUME-003",
        "deliveries on the current one",
      );
      must(packetsOn(former).length > 20, "PL-RESUME-003", "the current connection does not go on");
      mustBe(packetsOn(link).length, 0, "PL-RESUME-003", "packets on a candidate that was not heard");
      await session.giveOn(link, [{ kind: "heartbeat" }], { padTo: link.peer.maxPlaintext });
      await session.write(KEY);
      await session.runFor(500);
      must(packetsOn(link).length > 0, "PL-RESUME-004", "nothing leaves on the candidate once it was heard");
    },
  },
  {
    name: "resume/a-candidate-expires",
    level: 2,
    roles: ["server"],
    features: FEATURES,
    requirements: ["PL-RESUME-003"],
    about: "after first_datagram_seconds a candidate is erased, and nothing else ends with it",
    run: async (context) => {
      const session = await Session.settled(context, { firstDatagramSeconds: 12 });
      const link = await granted(session);
      for (let i = 0; i < 13; i++) {
        await session.give([{ kind: "heartbeat" }]);
        await session.runFor(1_000);
      }
      const late = link.peer.packet(session.now, [], { padTo: link.peer.maxPlaintext });
      await session.deliverRaw(late.bytes);
      await session.runFor(2_000);
      mustBe(packetsOn(link).length, 0, "PL-RESUME-003", "packets on a candidate that is erased");
      await session.write(KEY);
      await session.give([session.peer.data(KEY)]);
      await session.runFor(1_000);
      session.mustDeliverAll();
      must(session.observer.allAcknowledged, "PL-RESUME-003", "the current connection ended with it");
    },
  },
  {
    name: "resume/a-newer-candidate",
    level: 2,
    roles: ["server"],
    features: FEATURES,
    requirements: ["PL-RESUME-003"],
    about:
      "a later resumption replaces a candidate: packets on the first are dropped, on the second answered",
    run: async (context) => {
      const session = await Session.settled(context);
      const first = await granted(session, { generation: 2 });
      const second = await granted(session, { generation: 3 });
      const padTo = first.peer.maxPlaintext;
      await session.deliverRaw(first.peer.packet(session.now, [], { padTo }).bytes);
      await session.runFor(1_000);
      mustBe(packetsOn(first).length, 0, "PL-RESUME-003", "packets on a candidate that was replaced");
      await session.giveOn(second, [{ kind: "heartbeat" }], { padTo });
      await session.write(KEY);
      await session.runFor(1_000);
      must(packetsOn(second).length > 0, "PL-RESUME-003", "the newer candidate is not answered");
    },
  },
  {
    name: "resume/what-a-client-asks",
    level: 2,
    roles: ["client"],
    features: FEATURES,
    requirements: ["PL-RESUME-006", "PL-OUTAGE-004"],
    about: "its attachment and counts, and one more than the generation that it was granted last",
    run: async (context) => {
      const session = await Session.settled(context);
      blackOut(session);
      await session.write(KEY);
      const expected = (generation: number): string =>
        JSON.stringify({
          attachment: toHex(sessionAccepted({}).attachmentId),
          generation,
          nextSequence: session.observer.nextUsed,
          cumulativeSequence: session.observer.cumulativeGiven,
        });
      for (let i = 0; i < 2; i++) {
        const refused = await refuseResuming(session, RejectCode.INTERNAL);
        mustBe(JSON.stringify(refused), expected(2), "PL-RESUME-006", `what attempt ${i + 1} asks for`);
      }
      const first = await letResume(session);
      mustBe(JSON.stringify(first.asked), expected(2), "PL-RESUME-006", "what the third attempt asks for");
      const second = await letResume(session);
      mustBe(JSON.stringify(second.asked), expected(3), "PL-RESUME-006", "what it asks for after a grant");
    },
  },
  {
    name: "resume/the-client-greets",
    level: 2,
    roles: ["client"],
    features: FEATURES,
    requirements: ["PL-RESUME-005", "PL-LIFE-001", "PL-PATH-004"],
    about: "on a candidate a client sends full datagrams at once, again until it hears, and new keys on both",
    run: async (context) => {
      const session = await Session.settled(context);
      const former = session.current;
      blackOut(session);
      await session.runFor(6_000);
      const { link } = await letResume(session);
      const start = session.now;
      await session.runFor(3_500);
      const greetings = packetsOn(link);
      const times = greetings.map(({ at }) => (at - start) / 1000);
      [0, 200, 600, 1_400, 3_000].forEach((due, i) => {
        const at = times[i] ?? Infinity;
        must(Math.abs(at - due) <= 5, "PL-LIFE-001", `greeting ${i + 1} left after ${at} ms, not ${due} ms`);
      });
      const isFull = greetings.every(({ octets }) => octets === MAX_DATAGRAM);
      must(isFull, "PL-PATH-004", "a greeting is not a full datagram");
      const typed = session.now;
      const sequence = session.observer.nextUsed;
      await session.write(KEY);
      for (const each of [former, link]) {
        const carriers = packetsOn(each, typed).filter((packet) => sequencesOf(packet).includes(sequence));
        must(carriers.length > 0, "PL-RESUME-005", "a new key does not leave on both connections at once");
      }
    },
  },
  {
    name: "resume/a-path-that-lives",
    level: 2,
    roles: ["client"],
    features: FEATURES,
    requirements: ["PL-RESUME-006"],
    about: "the current connection is heard while the handshake is under way: its result is discarded",
    run: async (context) => {
      const session = await Session.settled(context);
      blackOut(session);
      await session.runFor(7_000);
      const { link } = await letResume(session, {}, async () => {
        await session.give([{ kind: "heartbeat" }]);
      });
      await mustGoOnWithout(session, link, "PL-RESUME-006");
    },
  },
  {
    name: "resume/answers-that-can-not-be",
    level: 2,
    roles: ["client"],
    features: FEATURES,
    requirements: ["PL-RESUME-007"],
    about: "another session, attachment, generation, or counts that can not be: the client stays where it is",
    run: async (context) => {
      const session = await Session.settled(context);
      blackOut(session);
      const sent = BigInt(session.observer.nextUsed);
      const bound = BigInt(session.observer.cumulativeGiven + SEQUENCE_WINDOW);
      const wrong: [string, SessionAcceptedInit][] = [
        ["another session", { sessionId: new Uint8Array(16).fill(8) }],
        ["another attachment", { attachmentId: new Uint8Array(16).fill(8) }],
        ["another generation", { generation: 7 }],
        ["more than the client sent", { cumulativeSequence: sent + 1n }],
        ["more than its window lets out", { nextSequence: bound + 1n }],
      ];
      for (const [what, answer] of wrong) {
        const { link } = await letResume(session, answer, undefined, false);
        await session.runFor(1_000);
        mustBe(packetsOn(link).length, 0, "PL-RESUME-007", `packets after an answer with ${what}`);
      }
      const { link } = await letResume(session);
      must(packetsOn(link).length > 0, "PL-RESUME-005", "nothing leaves after an answer that is right");
    },
  },
  {
    name: "resume/no-such-session",
    level: 2,
    roles: ["client"],
    features: FEATURES,
    requirements: ["PL-OUTAGE-004"],
    about: "any other refusal is temporary; after NO_SUCH_SESSION a client sends nothing any more",
    run: async (context) => {
      const session = await Session.settled(context);
      blackOut(session);
      await session.write(KEY);
      for (const code of [RejectCode.INTERNAL, RejectCode.NOT_AUTHORIZED]) {
        await refuseResuming(session, code);
        const start = session.now;
        await session.runFor(2_000);
        must(session.since(start).length > 0, "PL-OUTAGE-004", `a refusal with the code ${code} ended it`);
      }
      await refuseResuming(session, RejectCode.NO_SUCH_SESSION);
      const start = session.now + 1;
      await session.runFor(20_000);
      mustBe(session.since(start as typeof session.now).length, 0, "PL-OUTAGE-004", "packets after its end");
    },
  },
];

/** Nothing leaves on that connection, and the current one works. */
async function mustGoOnWithout(session: Session, link: Link, requirement: string): Promise<void> {
  heal(session);
  await session.write(KEY);
  await session.runFor(2_000);
  mustBe(packetsOn(link).length, 0, requirement, "packets on a connection that is not wanted");
  must(session.observer.allAcknowledged, requirement, "the current connection was given up");
}
