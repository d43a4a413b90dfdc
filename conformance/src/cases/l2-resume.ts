import { identityFromSeed } from "libmoshpit/handshake";
import { ascii, toHex } from "libmoshpit/util";
import { RejectCode, SEQUENCE_WINDOW } from "libmoshpit/wire";
import { nodeCrypto } from "libmoshpit-node/crypto";
import { must, type CaseDefinition } from "../run/case.js";
import type { Link } from "../peer/link.js";
import { askToResume, granted, letResume, type Asking } from "../peer/resuming.js";
import { Session } from "../peer/session.js";
import { mustBe } from "./check.js";
import { blackOut } from "./l2-tail.js";

const BOTH = ["client", "server"] as const;
export const RESUME_FEATURES = ["resume"] as const;
const KEY = Uint8Array.of(0x6b);

/** The path carries packets again, both ways. */
export function heal(session: Session): void {
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

/** The testee's packets on that connection since then. */
export const packetsOn = (link: Link, since = 0): Link["observer"]["packets"] =>
  link.observer.packets.filter(({ at }) => at >= since);

/** Attachments that outlive their connections. */
export const RESUME_CASES: readonly CaseDefinition[] = [
  {
    name: "resume/exactly-once",
    level: 2,
    roles: BOTH,
    features: RESUME_FEATURES,
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
    features: RESUME_FEATURES,
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
    features: RESUME_FEATURES,
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
    features: RESUME_FEATURES,
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
    features: RESUME_FEATURES,
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
    features: RESUME_FEATURES,
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
    features: RESUME_FEATURES,
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
    features: RESUME_FEATURES,
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
];
