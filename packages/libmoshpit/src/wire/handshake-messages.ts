import {
  create,
  toBinary,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { PeerError, UsageError } from "../util/index.js";
import {
  ClientClaimSchema,
  HandshakeMessageSchema,
  OpenRequestSchema,
  ServerClaimSchema,
  type AcceptedSchema,
  type ClientClaim,
  type HandshakeMessage,
  type OpenRequest,
  type ServerClaim,
  type SessionAcceptedSchema,
} from "./gen/moshpit/v1/handshake_pb.js";
import {
  checkClientClaim,
  checkHandshakeMessage,
  checkOpenRequest,
  checkServerClaim,
} from "./handshake-messages-bounds.js";
import { decodeStrict } from "./strict.js";

export { CipherSuite, KeyExchangeGroup, RejectCode } from "./gen/moshpit/v1/handshake_pb.js";
export type {
  Accepted,
  AttachRequest,
  ClientClaim,
  ClientHello,
  ClientIdentity,
  EnvironmentVariable,
  Extension,
  HandshakeMessage,
  KeyShare,
  KillRequest,
  ListRequest,
  OpenRequest,
  Rejected,
  ResumeRequest,
  ServerClaim,
  ServerHello,
  ServerIdentity,
  SessionAccepted,
  SessionInfo,
  SessionKilled,
  SessionList,
  Terminal,
  TerminalSize,
} from "./gen/moshpit/v1/handshake_pb.js";

/** What a HandshakeMessage is made of: plain objects do. */
export type HandshakeMessageInit = MessageInitShape<typeof HandshakeMessageSchema>;
/** What a ServerClaim is made of. */
export type ServerClaimInit = MessageInitShape<typeof ServerClaimSchema>;
/** What a ClientClaim is made of. */
export type ClientClaimInit = MessageInitShape<typeof ClientClaimSchema>;
/** What an OpenRequest is made of. */
export type OpenRequestInit = MessageInitShape<typeof OpenRequestSchema>;
/** What an Accepted is made of. */
export type AcceptedInit = MessageInitShape<typeof AcceptedSchema>;

/** What a SessionAccepted is made of. */
export type SessionAcceptedInit = Omit<
  MessageInitShape<typeof SessionAcceptedSchema>,
  "$typeName" | "$unknown"
>;

/** A client's request as it was decoded. */
export type ReceivedRequest = Exclude<ClientClaim["request"], { case: undefined }>;
/** What a client's request is made of: `{ case: "open", value: { … } }`. */
export type ClientRequest = Exclude<
  NonNullable<ClientClaimInit["request"]>,
  { case?: undefined; value?: undefined }
>;

// Encoding throws `UsageError` where a bound of handshake.proto is broken, decoding `PeerError` "malformed-message"; the
// octet strings of what was decoded share the input. spec/03-handshake.md 3.2.

export function encodeHandshakeMessage(init: HandshakeMessageInit): Uint8Array {
  return encode(HandshakeMessageSchema, init, checkHandshakeMessage);
}

export function decodeHandshakeMessage(bytes: Uint8Array): HandshakeMessage {
  return decode(HandshakeMessageSchema, bytes, checkHandshakeMessage);
}

export function encodeServerClaim(init: ServerClaimInit): Uint8Array {
  return encode(ServerClaimSchema, init, checkServerClaim);
}

export function decodeServerClaim(bytes: Uint8Array): ServerClaim {
  return decode(ServerClaimSchema, bytes, checkServerClaim);
}

export function encodeClientClaim(init: ClientClaimInit): Uint8Array {
  return encode(ClientClaimSchema, init, checkClientClaim);
}

export function decodeClientClaim(bytes: Uint8Array): ClientClaim {
  return decode(ClientClaimSchema, bytes, checkClientClaim);
}

export function encodeOpenRequest(init: OpenRequestInit): Uint8Array {
  return encode(OpenRequestSchema, init, checkOpenRequest);
}

export function decodeOpenRequest(bytes: Uint8Array): OpenRequest {
  return decode(OpenRequestSchema, bytes, checkOpenRequest);
}

/** Offers and refusals are open (HS-DEC-003); in ServerHello the bounds close the group again. */
const OPEN_ENUM_FIELDS: ReadonlySet<string> = new Set([
  "moshpit.v1.KeyShare.group",
  "moshpit.v1.Rejected.code",
]);

type Check<Desc extends DescMessage> = (message: MessageShape<Desc>) => void;

function decode<Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array,
  check: Check<Desc>,
): MessageShape<Desc> {
  const message = decodeStrict(schema, bytes, { openEnumFields: OPEN_ENUM_FIELDS });
  check(message);
  return message;
}

function encode<Desc extends DescMessage>(
  schema: Desc,
  init: MessageInitShape<Desc>,
  check: Check<Desc>,
): Uint8Array {
  const message = create(schema, init);
  try {
    check(message);
  } catch (error) {
    // The same bounds, but this time the fault is our own.
    throw error instanceof PeerError ? new UsageError(error.message) : error;
  }
  return toBinary(schema, message);
}
