import { equalBytes, PeerError } from "../util/index.js";
import {
  KeyExchangeGroup,
  PROTOCOL_VERSION,
  RejectCode,
  type Accepted,
  type CipherSuite,
  type ClientRequest,
  type Rejected,
  type ServerHello,
  type SessionAccepted,
} from "../wire/index.js";
import type { Share } from "./key-exchange.js";

/** The server's share, if its choices are among what was offered. HS-SH-001, HS-SH-002. */
export function checkServerHello(
  hello: ServerHello,
  groups: readonly KeyExchangeGroup[],
  suites: readonly CipherSuite[],
): Share {
  const { version, keyShare, cipherSuite, extensions } = hello;
  choice(version === PROTOCOL_VERSION, `version ${version} was not offered`);
  choice(suites.includes(cipherSuite), `cipher suite ${cipherSuite} was not offered`);
  choice(keyShare !== undefined && groups.includes(keyShare.group), "the group was not offered");
  choice(extensions.length === 0, "an extension that was not offered");
  const hybrid = KeyExchangeGroup.X25519_MLKEM768;
  if (groups.includes(hybrid) && keyShare.group !== hybrid) {
    throw new PeerError("downgrade", "the hybrid group was offered, and the server chose another");
  }
  return keyShare;
}

/** What may stand in the clear in place of ServerHello. HS-RJ-001. */
export const CLEAR_REJECT_CODES: readonly RejectCode[] = [
  RejectCode.UNSUPPORTED_VERSION,
  RejectCode.UNSUPPORTED_GROUP,
  RejectCode.UNSUPPORTED_SUITE,
  RejectCode.BUSY,
  RejectCode.INTERNAL,
];

/** Throws `PeerError` "unexpected-message". */
export function checkClearRejection({ code }: Rejected): void {
  if (!CLEAR_REJECT_CODES.includes(code)) {
    throw new PeerError("unexpected-message", `reject code ${code} may not travel in the clear`);
  }
}

/** Whether an Accepted answers what was asked. HS-AC-001. */
export function checkAnswer(request: ClientRequest, { result }: Accepted): void {
  switch (request.case) {
    case "list":
      return choice(result.case === "list", "the answer is no list of sessions");
    case "kill":
      return choice(result.case === "killed", "the answer is not that a session was ended");
    case "open":
    case "attach":
      choice(result.case === "session", "the answer is no session");
      return checkNewAttachment(result.value);
    case "resume": {
      choice(result.case === "session", "the answer is no session");
      const { attachmentId = new Uint8Array(0), generation } = request.value;
      choice(equalBytes(result.value.attachmentId, attachmentId), "the answer is another attachment");
      return choice(result.value.generation === generation, "the answer is another generation");
    }
  }
}

function checkNewAttachment({ generation, nextSequence, cumulativeSequence }: SessionAccepted): void {
  choice(generation === 1, "a new attachment begins with generation 1");
  choice(nextSequence === 0n && cumulativeSequence === 0n, "a new attachment begins with counts of 0");
}

function choice(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new PeerError("illegal-choice", otherwise);
}
