import { equalBytes, PeerError, seconds, type Micros } from "libmoshpit/util";
import type { AuthorizeEvent } from "libmoshpit/handshake";
import type { ConnectionSecrets, ResumeRequest, SessionAccepted, SessionAcceptedInit } from "libmoshpit/wire";
import type { SessionConfig, SessionMachine } from "../../src/reference/session-machine.js";

/** Who opened an attachment: nobody else resumes it. */
export type Opener = Pick<AuthorizeEvent, "user" | "publicKey">;

/** What a server grants. */
export interface Grant {
  /** As it was granted first. */
  readonly accepted: SessionAccepted;
  readonly connectionId: bigint;
}

/** A client's attempt to resume. */
export interface Attempt {
  /** Packets that it had received when the attempt began. */
  readonly packetsReceived: number;
  readonly generation: number;
  readonly granted: SessionAccepted;
}

/**
 * A server's side of PL-RESUME-002: the grant with generation and counts, where the session has taken the connection;
 * undefined where the request is refused with NO_SUCH_SESSION.
 */
export function grantResumption(
  now: Micros,
  session: SessionMachine,
  opener: Opener,
  event: Opener & { readonly secrets: ConnectionSecrets },
  request: ResumeRequest,
  { accepted, connectionId }: Grant,
): SessionAcceptedInit | undefined {
  const isSameUser = event.user === opener.user && equalBytes(event.publicKey, opener.publicKey);
  if (!isSameUser || !equalBytes(request.attachmentId, accepted.attachmentId)) return undefined;
  const { generation } = request;
  try {
    session.resume(now, {
      secrets: event.secrets,
      connectionId,
      firstDatagram: seconds(accepted.firstDatagramSeconds),
      generation,
      ...countsOf(request),
    });
  } catch (error) {
    if (error instanceof PeerError) return undefined;
    throw error;
  }
  const { nextSequence, cumulativeSequence } = session.counts;
  const { $typeName: _name, ...first } = accepted;
  return {
    ...first,
    connectionId,
    generation,
    nextSequence: BigInt(nextSequence),
    cumulativeSequence: BigInt(cumulativeSequence),
  };
}

/** A client's request: one more than the generation that it was granted last. */
export function resumeRequest(session: SessionMachine, granted: SessionAccepted): ResumeRequestInit {
  const { nextSequence, cumulativeSequence } = session.counts;
  return {
    attachmentId: granted.attachmentId,
    generation: granted.generation + 1,
    nextSequence: BigInt(nextSequence),
    cumulativeSequence: BigInt(cumulativeSequence),
  };
}

/**
 * A client was granted another connection. Why it does not take it, or undefined if it did: PL-RESUME-006 and
 * PL-RESUME-007.
 */
export function takeResumption(
  now: Micros,
  session: SessionMachine,
  attempt: Attempt,
  answer: SessionAccepted,
  connection: Pick<SessionConfig, "secrets"> & { readonly path: string },
): string | undefined {
  if (session.counters.packetsReceived > attempt.packetsReceived) return "heard meanwhile";
  const { granted, generation } = attempt;
  if (!equalBytes(answer.sessionId, granted.sessionId)) return "another session";
  try {
    session.resume(now, {
      ...connection,
      connectionId: answer.connectionId,
      generation,
      ...countsOf(answer),
    });
  } catch (error) {
    if (error instanceof PeerError) return error.message;
    throw error;
  }
  return undefined;
}

type ResumeRequestInit = Pick<
  ResumeRequest,
  "attachmentId" | "generation" | "nextSequence" | "cumulativeSequence"
>;

function countsOf({
  nextSequence,
  cumulativeSequence,
}: Pick<ResumeRequest, "nextSequence" | "cumulativeSequence">): {
  nextSequence: number;
  cumulativeSequence: number;
} {
  return { nextSequence: Number(nextSequence), cumulativeSequence: Number(cumulativeSequence) };
}
