import { toHex } from "libmoshpit/util";
import { MAX_DATAGRAM, RejectCode, SEQUENCE_WINDOW, type SessionAcceptedInit } from "libmoshpit/wire";
import { must, type CaseDefinition } from "../run/case.js";
import type { Link } from "../peer/link.js";
import { sequencesOf } from "../peer/observed.js";
import { letResume, refuseResuming } from "../peer/resuming.js";
import { Session } from "../peer/session.js";
import { sessionAccepted } from "../peer/setup.js";
import { mustBe } from "./check.js";
import { heal, packetsOn, RESUME_FEATURES } from "./l2-resume.js";
import { blackOut } from "./l2-tail.js";

const KEY = Uint8Array.of(0x6b);

/** How a client asks to resume, and what it makes of the answer. */
export const RESUME_CLIENT_CASES: readonly CaseDefinition[] = [
  {
    name: "resume/what-a-client-asks",
    level: 2,
    roles: ["client"],
    features: RESUME_FEATURES,
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
    features: RESUME_FEATURES,
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
    features: RESUME_FEATURES,
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
    features: RESUME_FEATURES,
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
    features: RESUME_FEATURES,
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
