import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { PeerError, UsageError } from "libmoshpit/util";
import {
  decodeStrict,
  isSessionName,
  isUserName,
  ID_OCTETS,
  MAX_COUNT,
  MAX_FIRST_DATAGRAM_SECONDS,
} from "libmoshpit/wire";
import {
  Feature,
  HostMessageSchema,
  type Adopted,
  type DirectionKeys,
  type Doorway,
  type DoorwaySchema,
  type HostMessage,
  type NewConnection,
  type NewConnectionSchema,
  type OpenSession,
  type OpenSessionSchema,
  type ResumeAttachment,
  type ResumeAttachmentSchema,
  type RunningSessionSchema,
  type Serve,
  type ServeSchema,
} from "./gen/moshpit/host/v1/host_pb.js";

export { Feature } from "./gen/moshpit/host/v1/host_pb.js";
export type {
  Adopt,
  Adopted,
  AttachmentResumed,
  Doorway,
  EndSession,
  HostHello,
  LogRecord,
  NewConnection,
  OpenSession,
  Ready,
  ResumeAttachment,
  RunningSession,
  Serve,
  SessionEnded,
  SessionOpened,
  SessionRefused,
} from "./gen/moshpit/host/v1/host_pb.js";

/** One message between listener and host, as it was received: `{ case: "openSession", value }`. */
export type HostLinkMessage = Exclude<HostMessage["message"], { case: undefined }>;
/** What a message is made of: plain objects do. */
export type HostLinkMessageInit = Exclude<
  NonNullable<MessageInitShape<typeof HostMessageSchema>["message"]>,
  { case?: undefined; value?: undefined }
>;

/** What the messages that open are made of. */
export type ServeInit = PlainInit<typeof ServeSchema>;
export type OpenSessionInit = PlainInit<typeof OpenSessionSchema>;
export type NewConnectionInit = PlainInit<typeof NewConnectionSchema>;
export type ResumeAttachmentInit = PlainInit<typeof ResumeAttachmentSchema>;
export type DoorwayInit = PlainInit<typeof DoorwaySchema>;
export type RunningSessionInit = PlainInit<typeof RunningSessionSchema>;
type PlainInit<Desc extends DescMessage> = Omit<MessageInitShape<Desc>, "$typeName" | "$unknown">;

/** The version of these messages that this side speaks. */
export const LINK_VERSION = 1;

/** What this side can do. */
export const LINK_FEATURES: readonly Feature[] = [
  Feature.OPEN_SESSION,
  Feature.RESUME_ATTACHMENT,
  Feature.END_SESSION,
];

/** Octets of a token, a nonce and a proof. */
export const PROOF_OCTETS = 32;

/** The levels of LogRecord.level, from 1. */
export const LOG_RECORD_LEVELS = ["error", "warn", "info", "debug", "trace"] as const;

export type LogRecordLevel = (typeof LOG_RECORD_LEVELS)[number];

/** Octets of a message at most. */
export const MAX_HOST_MESSAGE_OCTETS: number = 1 << 20;

/** Throws `UsageError` where a bound of host.proto is broken. */
export function encodeHostMessage(init: HostLinkMessageInit): Uint8Array {
  const message = create(HostMessageSchema, { message: init });
  try {
    check(message);
  } catch (error) {
    throw error instanceof PeerError ? new UsageError(error.message) : error;
  }
  return toBinary(HostMessageSchema, message);
}

/**
 * Strict, but for the messages that open a link: in these, fields of a later version are skipped. Throws `PeerError`
 * "malformed-message". The octet strings of the result share `bytes`.
 */
export function decodeHostMessage(bytes: Uint8Array): HostLinkMessage {
  return check(OPENING_FIELDS.has((bytes[0] ?? 0) >> 3) ? decodeOpening(bytes) : strict(bytes));
}

const strict = (bytes: Uint8Array): HostMessage => decodeStrict(HostMessageSchema, bytes);

const OPENING: readonly (string | undefined)[] = ["serve", "ready", "hostHello", "adopt", "adopted"];
/** Their field numbers; each fits the first octet. */
const OPENING_FIELDS: ReadonlySet<number> = new Set(
  HostMessageSchema.fields.filter(({ localName }) => OPENING.includes(localName)).map(({ number }) => number),
);

function decodeOpening(bytes: Uint8Array): HostMessage {
  let decoded: HostMessage;
  try {
    decoded = fromBinary(HostMessageSchema, bytes, { readUnknownFields: false, recursionLimit: 8 });
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : String(error));
  }
  if (!OPENING.includes(decoded.message.case)) throw malformed("two members of a oneof");
  return decoded;
}

const KEY_OCTETS = { aeadKey: 32, aeadIv: 12, macKey: 64 } as const;
const MAX_TEXT = 4_096;
const MAX_WHERE = 200;
const MAX_DETACHED_SECONDS = 31_536_000;
const MAX_RUNNING = 1_000;
const MAX_FEATURES = 100;
const MAX_FINGERPRINT = 100;

function check({ message }: HostMessage): HostLinkMessage {
  switch (message.case) {
    case undefined:
      throw malformed("an empty HostMessage");
    case "serve":
      checkServe(message.value);
      break;
    case "openSession":
      checkOpen(message.value);
      break;
    case "resumeAttachment":
      checkResume(message.value);
      break;
    case "attachmentResumed":
      holds(isSessionName(message.value.sessionName), "session_name");
      checkPort(message.value.udpPort);
      checkCount(message.value.nextSequence);
      checkCount(message.value.cumulativeSequence);
      break;
    case "resumeRefused":
      holds(message.value.text.length <= MAX_TEXT, "text");
      break;
    case "sessionOpened":
      checkId(message.value.sessionId);
      holds(isSessionName(message.value.sessionName), "session_name");
      checkPort(message.value.udpPort);
      break;
    case "sessionRefused":
    case "sessionEnded":
    case "endSession":
      checkId(message.value.sessionId);
      holds(message.value.text.length <= MAX_TEXT, "text");
      break;
    case "logRecord":
      holds(message.value.level >= 1 && message.value.level <= LOG_RECORD_LEVELS.length, "level");
      holds(message.value.text.length <= MAX_TEXT && message.value.target.length <= MAX_TEXT, "text");
      holds(message.value.where.length <= MAX_WHERE, "where");
      break;
    case "ready":
      holds(message.value.doorwayFault.length <= MAX_TEXT, "doorway_fault");
      holds(message.value.features.length <= MAX_FEATURES, "features");
      break;
    case "hostHello":
      checkId(message.value.hostId);
      checkProof(message.value.nonce);
      holds(message.value.features.length <= MAX_FEATURES, "features");
      break;
    case "adopt":
      checkProof(message.value.nonce);
      checkProof(message.value.proof);
      holds(message.value.features.length <= MAX_FEATURES, "features");
      break;
    case "adopted":
      checkAdopted(message.value);
      break;
  }
  return message;
}

function checkAdopted({ proof, sessions }: Adopted): void {
  checkProof(proof);
  holds(sessions.length <= MAX_RUNNING, "sessions");
  for (const session of sessions) {
    checkId(session.sessionId);
    checkId(session.attachmentId);
    holds(session.keyFingerprint.length <= MAX_FINGERPRINT, "key_fingerprint");
    holds(isSessionName(session.sessionName), "session_name");
    checkPort(session.udpPort);
  }
}

function checkDoorway(doorway: Doorway): void {
  checkId(doorway.hostId);
  checkProof(doorway.token);
  holds(doorway.directory.startsWith("/") && doorway.directory.length <= MAX_TEXT, "directory");
}

function checkServe(serve: Serve): void {
  holds(isUserName(serve.user), "user");
  holds(serve.home.startsWith("/") && serve.shell.startsWith("/"), "home or shell");
  checkPort(serve.udpPortFirst);
  checkPort(serve.udpPortLast);
  holds(serve.udpPortFirst <= serve.udpPortLast, "udp_port_first");
  const lifetime = serve.detachedLifetimeSeconds;
  holds(lifetime >= 1 && lifetime <= MAX_DETACHED_SECONDS, "detached_lifetime_seconds");
  holds(serve.features.length <= MAX_FEATURES, "features");
  if (serve.doorway !== undefined) checkDoorway(serve.doorway);
}

function checkOpen(open: OpenSession): void {
  checkId(open.sessionId);
  checkId(open.attachmentId);
  checkConnection(open.connection);
}

function checkResume(resume: ResumeAttachment): void {
  checkId(resume.attachmentId);
  holds(resume.generation >= 2, "generation");
  checkCount(resume.nextSequence);
  checkCount(resume.cumulativeSequence);
  checkConnection(resume.connection);
}

function checkConnection(connection: NewConnection | undefined): void {
  if (connection === undefined) throw malformed("a connection is missing");
  holds(connection.connectionId !== 0n, "connection_id");
  checkKeys(connection.clientToServer);
  checkKeys(connection.serverToClient);
  const seconds = connection.firstDatagramSeconds;
  holds(seconds >= 1 && seconds <= MAX_FIRST_DATAGRAM_SECONDS, "first_datagram_seconds");
}

function checkCount(count: bigint): void {
  holds(count <= MAX_COUNT, "a count");
}

function checkKeys(keys: DirectionKeys | undefined): void {
  holds(keys !== undefined, "keys");
  for (const [name, octets] of Object.entries(KEY_OCTETS)) {
    holds(keys?.[name as keyof typeof KEY_OCTETS].length === octets, name);
  }
}

function checkId(id: Uint8Array): void {
  holds(id.length === ID_OCTETS, "an id");
}

function checkProof(octets: Uint8Array): void {
  holds(octets.length === PROOF_OCTETS, "a nonce, a proof or a token");
}

function checkPort(port: number): void {
  holds(port >= 1 && port <= 65_535, "a port");
}

function holds(condition: boolean, what: string): void {
  if (!condition) throw malformed(`${what} is out of bounds`);
}

function malformed(what: string): PeerError {
  return new PeerError("malformed-message", what);
}
