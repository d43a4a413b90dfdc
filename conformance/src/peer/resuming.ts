import { ascii, concatBytes, toHex } from "libmoshpit/util";
import type { RejectCode } from "libmoshpit/wire";
import {
  KeyExchangeGroup,
  type ClientRequest,
  type SessionAccepted,
  type SessionAcceptedInit,
} from "libmoshpit/wire";
import { nodeCrypto } from "libmoshpit-node/crypto";
import { labelledEntropy } from "../protocol/entropy.js";
import { must } from "../run/case.js";
import { identityOf, RunnerClient, RunnerServer, type ClientAnswer } from "./handshake.js";
import type { Link } from "./link.js";
import type { Session } from "./session.js";
import { DEFAULT_SUITES, sessionAccepted, takeTcp, USER } from "./setup.js";
import type { Identity } from "libmoshpit/handshake";

/** Milliseconds that a flight of the handshake takes. */
const FLIGHT_MS = 20;

/** What the runner's client asks for, other than what is right. */
export interface Asking {
  readonly generation?: number;
  readonly nextSequence?: number;
  readonly cumulativeSequence?: number;
  readonly attachmentId?: Uint8Array;
  readonly user?: string;
  readonly identity?: Identity;
}

/** What a client asked for: the numbers of its ResumeRequest. */
export interface Asked {
  readonly attachment: string;
  readonly generation: number;
  readonly nextSequence: number;
  readonly cumulativeSequence: number;
}

/** The testee's server is asked to resume: the connection that it grants, or the code of its refusal. */
export async function askToResume(session: Session, asking: Asking = {}): Promise<Link | RejectCode> {
  const { subject, peer } = session;
  const connectionId = newConnectionId(session);
  const { identity = identityOf(nodeCrypto, "client"), user = USER } = asking;
  const {
    generation = session.links.length + 1,
    nextSequence = peer.frames.length,
    cumulativeSequence = peer.cumulative,
    attachmentId = sessionAccepted({}).attachmentId,
  } = asking;
  const counts = { nextSequence, cumulativeSequence };
  const request: ClientRequest = {
    case: "resume",
    value: { attachmentId, generation, ...bigCounts(counts) },
  };
  const entropy = entropyOf(session);
  const offer = { groups: [KeyExchangeGroup.X25519], suites: DEFAULT_SUITES };
  const client = new RunnerClient({ crypto: nodeCrypto, entropy, identity, user, request }, offer);
  await subject.step({ case: "resume", value: { connectionId } });
  await session.runFor(FLIGHT_MS);
  await subject.step({ case: "tcp", value: { octets: client.hello } });
  const { identity: f4, finish } = client.identified(takeTcp(subject));
  await session.runFor(FLIGHT_MS);
  await subject.step({ case: "tcp", value: { octets: f4 } });
  const next = session.observer.nextUsed;
  const { message, secrets } = finish(takeTcp(subject));
  if (message.case === "rejected") return message.value.code;
  const result = message.case === "accepted" ? message.value.result : undefined;
  must(result?.case === "session", "HS-AC-001", `a ResumeRequest was answered with ${message.case}`);
  mustSay(result.value, {
    ...sessionAccepted({}),
    connectionId,
    generation,
    nextSequence: BigInt(next),
    cumulativeSequence: BigInt(session.observer.cumulativeGiven),
  });
  must(subject.tcpEnded, "HS-AC-003", "the server did not close TCP after F5");
  session.observer.facts.counted(counts);
  return session.addLink(secrets, connectionId);
}

/** The testee's server grants another connection. */
export async function granted(session: Session, asking: Asking = {}): Promise<Link> {
  const answer = await askToResume(session, asking);
  must(
    typeof answer === "object",
    "PL-RESUME-002",
    () => `the resumption was refused with the code ${answer as number}`,
  );
  return answer;
}

/** The testee's client resumes: what it asks for, and the connection that it is granted. */
export async function letResume(
  session: Session,
  answering: Partial<SessionAcceptedInit> = {},
  /** What happens while the handshake is under way. */
  meanwhile: () => Promise<void> = () => Promise.resolve(),
  /** Whether the client has to believe the answer. */
  isRight = true,
): Promise<{ asked: Asked; link: Link }> {
  const { peer } = session;
  const connectionId = newConnectionId(session);
  const { server, f4 } = await beginServing(session);
  await meanwhile();
  const { nextSequence, cumulativeSequence } = {
    nextSequence: peer.frames.length,
    cumulativeSequence: peer.cumulative,
  };
  // What the client asks for is known once its F4 is opened: its generation is that of the connection after this one.
  const value = (generation: number): SessionAcceptedInit => ({
    ...sessionAccepted({}),
    connectionId,
    generation,
    ...bigCounts({ nextSequence, cumulativeSequence }),
    ...answering,
  });
  const { f5, secrets, claim } = server.accept(f4, ({ request }) => ({
    result: { case: "session", value: value(request.case === "resume" ? request.value.generation : 1) },
  }));
  // It is known to the runner before the client has F5: its first packet leaves at once.
  const link = session.addLink(secrets, connectionId);
  if (isRight) session.observer.facts.counted({ nextSequence, cumulativeSequence });
  await session.runFor(FLIGHT_MS);
  await session.subject.step({ case: "tcp", value: { octets: f5 } });
  must(session.subject.tcpEnded, "HS-AC-003", "the client did not close TCP after F5");
  return { asked: askedIn(claim), link };
}

/** The testee's client asks to resume, and is refused. */
export async function refuseResuming(session: Session, code: RejectCode): Promise<Asked> {
  const { server, f4 } = await beginServing(session);
  const { f5, claim } = server.reject(f4, code);
  await session.runFor(FLIGHT_MS);
  await session.subject.step({ case: "tcp", value: { octets: f5 } });
  return askedIn(claim);
}

async function beginServing(session: Session): Promise<{ server: RunnerServer; f4: Uint8Array }> {
  const { subject } = session;
  const identity = identityOf(nodeCrypto, "server");
  const server = new RunnerServer({ crypto: nodeCrypto, entropy: entropyOf(session), identity });
  await subject.step({ case: "resume", value: {} });
  const [f2, f3] = server.answer(takeTcp(subject)) as [Uint8Array, Uint8Array];
  await session.runFor(FLIGHT_MS);
  await subject.step({ case: "tcp", value: { octets: concatBytes(f2, f3) } });
  return { server, f4: takeTcp(subject) };
}

function askedIn({ request }: ClientAnswer["claim"]): Asked {
  must(request.case === "resume", "HS-AC-001", `the client asks for ${request.case}, not to resume`);
  const { attachmentId, generation, nextSequence, cumulativeSequence } = request.value;
  return {
    attachment: toHex(attachmentId),
    generation,
    nextSequence: Number(nextSequence),
    cumulativeSequence: Number(cumulativeSequence),
  };
}

function mustSay(found: SessionAccepted, expected: Partial<SessionAccepted>): void {
  for (const name of ["generation", "connectionId", "nextSequence", "cumulativeSequence"] as const)
    must(
      found[name] === expected[name],
      "PL-RESUME-007",
      () => `${name} ${found[name]}, not ${expected[name]}`,
    );
  for (const name of ["sessionId", "attachmentId"] as const)
    must(toHex(found[name]) === toHex(expected[name] ?? found[name]), "PL-RESUME-007", `another ${name}`);
}

function bigCounts(counts: { nextSequence: number; cumulativeSequence: number }): {
  nextSequence: bigint;
  cumulativeSequence: bigint;
} {
  return {
    nextSequence: BigInt(counts.nextSequence),
    cumulativeSequence: BigInt(counts.cumulativeSequence),
  };
}

/** Never the same in a case. */
function newConnectionId({ now }: Session): bigint {
  return 0x7e50_0000_0000_0000n + BigInt(now);
}

function entropyOf({ context, now }: Session): ReturnType<typeof labelledEntropy> {
  return labelledEntropy(nodeCrypto, ascii(`runner/${context.seed}/${now}`));
}
