import { create, toBinary, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
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
  HostMessageSchema,
  type DirectionKeys,
  type HostMessage,
  type NewConnection,
  type NewConnectionSchema,
  type OpenSession,
  type OpenSessionSchema,
  type ResumeAttachment,
  type ResumeAttachmentSchema,
  type Serve,
  type ServeSchema,
} from "./gen/moshpit/host/v1/host_pb.js";

export type {
  AttachmentResumed,
  EndSession,
  LogRecord,
  NewConnection,
  OpenSession,
  Ready,
  ResumeAttachment,
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
type PlainInit<Desc extends DescMessage> = Omit<MessageInitShape<Desc>, "$typeName" | "$unknown">;

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

/** Strict: throws `PeerError` "malformed-message". The octet strings of the result share `bytes`. */
export function decodeHostMessage(bytes: Uint8Array): HostLinkMessage {
  return check(decodeStrict(HostMessageSchema, bytes));
}

const KEY_OCTETS = { aeadKey: 32, aeadIv: 12, macKey: 64 } as const;
const MAX_TEXT = 4_096;
const MAX_WHERE = 200;
const MAX_DETACHED_SECONDS = 31_536_000;

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
      break;
  }
  return message;
}

function checkServe(serve: Serve): void {
  holds(isUserName(serve.user), "user");
  holds(serve.home.startsWith("/") && serve.shell.startsWith("/"), "home or shell");
  checkPort(serve.udpPortFirst);
  checkPort(serve.udpPortLast);
  holds(serve.udpPortFirst <= serve.udpPortLast, "udp_port_first");
  const lifetime = serve.detachedLifetimeSeconds;
  holds(lifetime >= 1 && lifetime <= MAX_DETACHED_SECONDS, "detached_lifetime_seconds");
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

function checkPort(port: number): void {
  holds(port >= 1 && port <= 65_535, "a port");
}

function holds(condition: boolean, what: string): void {
  if (!condition) throw malformed(`${what} is out of bounds`);
}

function malformed(what: string): PeerError {
  return new PeerError("malformed-message", what);
}
