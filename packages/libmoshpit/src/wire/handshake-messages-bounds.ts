import { getTextEncoding } from "@bufbuild/protobuf/wire";
import {
  CipherSuite,
  KeyExchangeGroup,
  type Accepted,
  type AttachRequest,
  type ClientClaim,
  type ClientHello,
  type ClientIdentity,
  type EnvironmentVariable,
  type Extension,
  type HandshakeMessage,
  type KeyShare,
  type KillRequest,
  type OpenRequest,
  type Rejected,
  type ResumeRequest,
  type ServerClaim,
  type ServerHello,
  type ServerIdentity,
  type SessionAccepted,
  type SessionInfo,
  type SessionList,
  type Terminal,
  type TerminalSize,
} from "./gen/moshpit/v1/handshake_pb.js";
import * as limits from "./limits.js";
import { malformed } from "./strict.js";

// The bounds of handshake.proto, message by message (spec/03-handshake.md, HS-DEC-002). Each function throws
// `PeerError` "malformed-message".

const USER = /^[a-z_][a-z0-9_-]*\$?$/;
const TERM = /^[A-Za-z0-9._+-]+$/;
const VARIABLE_NAME = /^[A-Z_][A-Z0-9_]*$/;
const SESSION_NAME = /^[A-Za-z0-9._-]+$/;

/** Whether this is a name that an account can have in the protocol: 1 to 32 octets of `[a-z_][a-z0-9_-]*\$?`. */
export function isUserName(name: string): boolean {
  return name.length <= limits.MAX_USER_OCTETS && USER.test(name);
}

/** Whether this is a name that a session can have: 1 to 64 octets of `[A-Za-z0-9._-]`. */
export function isSessionName(name: string): boolean {
  return name.length <= limits.MAX_SESSION_NAME_OCTETS && SESSION_NAME.test(name);
}

export function checkHandshakeMessage({ message }: HandshakeMessage): void {
  switch (message.case) {
    case "clientHello":
      return checkClientHello(message.value);
    case "serverHello":
      return checkServerHello(message.value);
    case "serverIdentity":
      return checkIdentity("ServerIdentity", message.value, limits.MAX_SERVER_CLAIM_OCTETS);
    case "clientIdentity":
      return checkIdentity("ClientIdentity", message.value, limits.MAX_CLIENT_CLAIM_OCTETS);
    case "accepted":
      return checkAccepted(message.value);
    case "rejected":
      return checkRejected(message.value);
    case undefined:
      throw malformed("an empty handshake message");
  }
}

export function checkServerClaim(claim: ServerClaim): void {
  exactly("ServerClaim.host_key", claim.hostKey, limits.IDENTITY_KEY_OCTETS);
}

export function checkClientClaim(claim: ClientClaim): void {
  holds(isUserName(claim.user), "ClientClaim.user is no account's name");
  exactly("ClientClaim.public_key", claim.publicKey, limits.IDENTITY_KEY_OCTETS);
  switch (claim.request.case) {
    case "open":
      return checkOpenRequest(claim.request.value);
    case "attach":
      return checkAttach(claim.request.value);
    case "resume":
      return checkResume(claim.request.value);
    case "list":
      return;
    case "kill":
      return checkKill(claim.request.value);
    case undefined:
      throw malformed("ClientClaim has no request");
  }
}

export function checkOpenRequest(request: OpenRequest): void {
  if (request.terminal !== undefined) checkTerminal(request.terminal);
  between("OpenRequest.environment", request.environment.length, 0, limits.MAX_ENVIRONMENT_ENTRIES);
  request.environment.forEach(checkVariable);
  if (request.command !== undefined) {
    text("OpenRequest.command", request.command, limits.MAX_COMMAND_OCTETS);
    holds(!request.command.includes("\0"), "OpenRequest.command has a NUL");
  }
  holds(request.name === "" || isSessionName(request.name), "OpenRequest.name is no session's name");
}

/** The bounds of a TerminalSize, which Resize carries too. */
export function checkTerminalSize(size: TerminalSize): void {
  between("TerminalSize.columns", size.columns, 1, limits.MAX_TERMINAL_CELLS);
  between("TerminalSize.rows", size.rows, 1, limits.MAX_TERMINAL_CELLS);
  between("TerminalSize.pixel_width", size.pixelWidth, 0, limits.MAX_TERMINAL_PIXELS);
  between("TerminalSize.pixel_height", size.pixelHeight, 0, limits.MAX_TERMINAL_PIXELS);
}

function checkClientHello(hello: ClientHello): void {
  offers("ClientHello.versions", hello.versions, limits.MAX_OFFERS);
  exactly("ClientHello.random", hello.random, limits.RANDOM_OCTETS);
  offers(
    "ClientHello.key_shares",
    hello.keyShares.map((share) => share.group),
    limits.MAX_KEY_SHARES,
  );
  hello.keyShares.forEach((share) => checkKeyShare(share, CLIENT_SHARE_OCTETS));
  offers("ClientHello.cipher_suites", hello.cipherSuites, limits.MAX_OFFERS);
  checkExtensions(hello.extensions);
}

function checkServerHello(hello: ServerHello): void {
  between("ServerHello.version", hello.version, 1, 2 ** 32 - 1);
  exactly("ServerHello.random", hello.random, limits.RANDOM_OCTETS);
  const share = present("ServerHello.key_share", hello.keyShare);
  holds(SERVER_SHARE_OCTETS.has(share.group), "ServerHello.key_share is of no defined group");
  checkKeyShare(share, SERVER_SHARE_OCTETS);
  holds(hello.cipherSuite !== CipherSuite.UNSPECIFIED, "ServerHello.cipher_suite is not set");
  checkExtensions(hello.extensions);
}

const CLIENT_SHARE_OCTETS: ReadonlyMap<KeyExchangeGroup, number> = new Map<KeyExchangeGroup, number>([
  [KeyExchangeGroup.X25519_MLKEM768, limits.MLKEM768_KEY_OCTETS + limits.X25519_OCTETS],
  [KeyExchangeGroup.X25519, limits.X25519_OCTETS],
]);

const SERVER_SHARE_OCTETS: ReadonlyMap<KeyExchangeGroup, number> = new Map<KeyExchangeGroup, number>([
  [KeyExchangeGroup.X25519_MLKEM768, limits.MLKEM768_CIPHERTEXT_OCTETS + limits.X25519_OCTETS],
  [KeyExchangeGroup.X25519, limits.X25519_OCTETS],
]);

function checkKeyShare({ group, share }: KeyShare, known: ReadonlyMap<KeyExchangeGroup, number>): void {
  const length = known.get(group);
  if (length === undefined) between("KeyShare.share", share.length, 1, limits.MAX_KEY_SHARE_OCTETS);
  else exactly("KeyShare.share", share, length);
}

function checkExtensions(extensions: readonly Extension[]): void {
  between("extensions", extensions.length, 0, limits.MAX_EXTENSIONS);
  for (const { type, data } of extensions) {
    between("Extension.type", type, 1, limits.MAX_EXTENSION_TYPE);
    between("Extension.data", data.length, 0, limits.MAX_EXTENSION_OCTETS);
  }
  distinct(
    "extensions",
    extensions.map(({ type }) => type),
  );
}

function checkIdentity(name: string, identity: ServerIdentity | ClientIdentity, maxClaim: number): void {
  between(`${name}.claim`, identity.claim.length, 1, maxClaim);
  exactly(`${name}.signature`, identity.signature, limits.SIGNATURE_OCTETS);
  exactly(`${name}.confirmation`, identity.confirmation, limits.CONFIRMATION_OCTETS);
}

function checkVariable({ name, value }: EnvironmentVariable): void {
  between("EnvironmentVariable.name", name.length, 1, limits.MAX_ENVIRONMENT_NAME_OCTETS);
  holds(VARIABLE_NAME.test(name), "EnvironmentVariable.name is no variable's name");
  text("EnvironmentVariable.value", value, limits.MAX_ENVIRONMENT_VALUE_OCTETS);
  holds(!value.includes("\0"), "EnvironmentVariable.value has a NUL");
}

function checkTerminal(terminal: Terminal): void {
  between("Terminal.term", terminal.term.length, 1, limits.MAX_TERM_OCTETS);
  holds(TERM.test(terminal.term), "Terminal.term is no terminal's name");
  checkTerminalSize(present("Terminal.size", terminal.size));
}

function checkAttach(request: AttachRequest): void {
  holds(isSessionName(request.name), "AttachRequest.name is no session's name");
  checkTerminal(present("AttachRequest.terminal", request.terminal));
}

function checkResume(request: ResumeRequest): void {
  exactly("ResumeRequest.attachment_id", request.attachmentId, limits.ID_OCTETS);
  between("ResumeRequest.generation", request.generation, 2, limits.MAX_GENERATION);
  count("ResumeRequest.next_sequence", request.nextSequence);
  count("ResumeRequest.cumulative_sequence", request.cumulativeSequence);
}

function checkKill(request: KillRequest): void {
  holds(isSessionName(request.name), "KillRequest.name is no session's name");
}

function checkAccepted({ result }: Accepted): void {
  switch (result.case) {
    case "session":
      return checkSessionAccepted(result.value);
    case "list":
      return checkSessionList(result.value);
    case "killed":
      return;
    case undefined:
      throw malformed("Accepted has no result");
  }
}

function checkSessionAccepted(session: SessionAccepted): void {
  exactly("SessionAccepted.session_id", session.sessionId, limits.ID_OCTETS);
  holds(isSessionName(session.sessionName), "SessionAccepted.session_name is no session's name");
  exactly("SessionAccepted.attachment_id", session.attachmentId, limits.ID_OCTETS);
  between("SessionAccepted.generation", session.generation, 1, limits.MAX_GENERATION);
  holds(session.connectionId !== 0n, "SessionAccepted.connection_id is 0");
  between("SessionAccepted.udp_port", session.udpPort, 1, 65_535);
  between(
    "SessionAccepted.first_datagram_seconds",
    session.firstDatagramSeconds,
    1,
    limits.MAX_FIRST_DATAGRAM_SECONDS,
  );
  count("SessionAccepted.next_sequence", session.nextSequence);
  count("SessionAccepted.cumulative_sequence", session.cumulativeSequence);
}

function checkSessionList({ sessions }: SessionList): void {
  between("SessionList.sessions", sessions.length, 0, limits.MAX_SESSIONS_LISTED);
  sessions.forEach(checkSessionInfo);
}

function checkSessionInfo(session: SessionInfo): void {
  holds(isSessionName(session.name), "SessionInfo.name is no session's name");
  count("SessionInfo.opened_seconds", session.openedSeconds);
  if (session.size !== undefined) checkTerminalSize(session.size);
}

function checkRejected(rejected: Rejected): void {
  between("Rejected.code", rejected.code, 1, 2 ** 31 - 1);
  text("Rejected.text", rejected.text, limits.MAX_REJECT_TEXT_OCTETS);
}

/** A list of offers: not empty, not long, nothing twice, no 0. */
function offers(name: string, values: readonly number[], most: number): void {
  between(name, values.length, 1, most);
  holds(!values.includes(0), `${name} offers 0`);
  distinct(name, values);
}

function distinct(name: string, values: readonly number[]): void {
  holds(new Set(values).size === values.length, `${name} has an entry twice`);
}

function exactly(name: string, bytes: Uint8Array, length: number): void {
  holds(bytes.length === length, `${name} has ${bytes.length} octets, not ${length}`);
}

function between(name: string, value: number, least: number, most: number): void {
  holds(value >= least && value <= most, `${name} is ${value}, not within ${least} to ${most}`);
}

function count(name: string, value: bigint): void {
  holds(value <= limits.MAX_COUNT, `${name} is above 2^53 - 1`);
}

function text(name: string, value: string, most: number): void {
  holds(value.length <= most && getTextEncoding().encodeUtf8(value).length <= most, `${name} is too long`);
}

function present<Value>(name: string, value: Value | undefined): Value {
  if (value === undefined) throw malformed(`${name} is absent`);
  return value;
}

function holds(condition: boolean, otherwise: string): void {
  if (!condition) throw malformed(otherwise);
}
