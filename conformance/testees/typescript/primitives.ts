import { type MessageInitShape } from "@bufbuild/protobuf";
import { nobleCrypto, type Entropy } from "libmoshpit/crypto";
import {
  answerKeyShare,
  ClientKeyExchange,
  deriveHandshakeSecrets,
  deriveUdpSecrets,
  FrameOpener,
  FrameSealer,
  makeProof,
  signatureInput,
  Transcript,
} from "libmoshpit/handshake";
import { PeerError, UsageError } from "libmoshpit/util";
import {
  CipherSuite,
  decodeClientClaim,
  decodeHandshakeMessage,
  decodePayload,
  decodeServerClaim,
  encodeClientClaim,
  encodeHandshakeMessage,
  encodeServerClaim,
  FrameReader,
  MAX_HANDSHAKE_FRAME_OCTETS,
  PacketOpener,
  PacketSealer,
  type ConnectionSecrets,
} from "libmoshpit/wire";
import {
  HandshakeKind,
  Role,
  type CutFramesRequest,
  type DecodeHandshakeRequest,
  type DirectionKeys,
  type KeyExchangeRequest,
  type KeyScheduleRequest,
  type OpenFrameRequest,
  type OpenPacketsRequest,
  type ProveRequest,
  type Request,
  type ResponseSchema,
  type SealFrameRequest,
  type SealPacketRequest,
} from "../../src/gen/moshpit/conformance/v1/testee_pb.js";
import { understoodPayload } from "./understood-payload.js";

export type Answer = NonNullable<MessageInitShape<typeof ResponseSchema>["response"]>;

type Primitive = Exclude<
  Request["request"],
  { case: "hello" | "create" | "step" | "destroy" } | { case: undefined }
>;

const crypto = nobleCrypto;

/** One primitive of the library on the values of the request. */
export function answerPrimitive(request: Primitive): Answer {
  switch (request.case) {
    case "transcript":
      return { case: "transcript", value: { hash: transcript(request.value) } };
    case "keyExchange":
      return { case: "keyExchange", value: orError(() => keyExchange(request.value)) };
    case "keySchedule":
      return { case: "keySchedule", value: { values: keySchedule(request.value) } };
    case "prove":
      return { case: "prove", value: prove(request.value) };
    case "verify": {
      const { publicKey, message, signature } = request.value;
      return { case: "verify", value: { valid: crypto.ed25519.verify(publicKey, message, signature) } };
    }
    case "sealFrame":
      return { case: "sealFrame", value: { frame: sealFrame(request.value) } };
    case "openFrame":
      return { case: "openFrame", value: orError(() => ({ message: openFrame(request.value) })) };
    case "cutFrames":
      return { case: "cutFrames", value: cutFrames(request.value) };
    case "decodeHandshake":
      return { case: "decodeHandshake", value: orError(() => ({ understood: decoded(request.value) })) };
    case "sealPacket":
      return { case: "sealPacket", value: { datagram: sealPacket(request.value) } };
    case "openPackets":
      return { case: "openPackets", value: { packets: openPackets(request.value) } };
    case "decodePayload":
      return {
        case: "decodePayload",
        value: orError(() => ({ understood: understoodPayload(decodePayload(request.value.octets)) })),
      };
  }
}

/** The result, or the code of what the peer did wrong. */
function orError<Result>(step: () => Result): Result | { error: string } {
  try {
    return step();
  } catch (error) {
    if (error instanceof PeerError) return { error: error.code };
    throw error;
  }
}

function transcript({ frames, items }: { frames: Uint8Array[]; items: Uint8Array[] }): Uint8Array {
  const transcript = new Transcript(crypto);
  for (const frame of frames) transcript.addFrame(frame);
  return transcript.hash(...items);
}

function keyExchange(request: KeyExchangeRequest): { share: Uint8Array; keyMaterial?: Uint8Array } {
  const { role, x25519Secret, mlkem768Randomness, peerShare } = request;
  const group = request.group;
  const entropy: Entropy = {
    bytes: (label) => (label.startsWith("x25519") ? x25519Secret : mlkem768Randomness).slice(),
  };
  if (role === Role.SERVER) {
    if (peerShare === undefined) throw new UsageError("a server needs the client's share");
    const { share, keyMaterial } = answerKeyShare(crypto, entropy, { group, share: peerShare });
    return { share: share.share, keyMaterial };
  }
  const exchange = new ClientKeyExchange(crypto, entropy, [group]);
  const share = exchange.shares[0]?.share ?? new Uint8Array(0);
  if (peerShare === undefined) return { share };
  return { share, keyMaterial: exchange.finish({ group, share: peerShare }) };
}

function keySchedule({
  keyMaterial,
  helloHash,
  identityHash,
}: KeyScheduleRequest): Record<string, Uint8Array> {
  const secrets = deriveHandshakeSecrets(crypto, keyMaterial, helloHash);
  const suite = CipherSuite.AES_256_GCM_SIV_HMAC_SHA512;
  const udp = deriveUdpSecrets(crypto, secrets.mainSecret, identityHash, suite);
  const frameKeys = (name: string, { key, iv, finished }: typeof secrets.client): object => ({
    [`${name}_key`]: key,
    [`${name}_iv`]: iv,
    [`${name}_finished`]: finished,
  });
  const packetKeys = (name: string, keys: ConnectionSecrets["clientToServer"]): object => ({
    [`${name}_key`]: keys.aeadKey,
    [`${name}_iv`]: keys.aeadIv,
    [`${name}_mac`]: keys.macKey,
  });
  return {
    handshake_secret: secrets.handshakeSecret,
    c_hs: secrets.clientTraffic,
    s_hs: secrets.serverTraffic,
    derived: secrets.derived,
    main_secret: secrets.mainSecret,
    c_udp: udp.clientTraffic,
    s_udp: udp.serverTraffic,
    ...frameKeys("c_hs", secrets.client),
    ...frameKeys("s_hs", secrets.server),
    ...packetKeys("c_udp", udp.connection.clientToServer),
    ...packetKeys("s_udp", udp.connection.serverToClient),
  };
}

function prove({ role, seed, signedHash, finishedKey, finishedHash }: ProveRequest): {
  signatureInput: Uint8Array;
  signature: Uint8Array;
  confirmation: Uint8Array;
} {
  const signer = role === Role.SERVER ? "server" : "client";
  const hashes = { signed: signedHash, finished: () => finishedHash };
  const proof = makeProof(crypto, signer, seed, finishedKey, hashes);
  return { signatureInput: signatureInput(signer, signedHash), ...proof };
}

function sealFrame({ key, iv, counter, message }: SealFrameRequest): Uint8Array {
  const sealer = new FrameSealer(crypto, { key, iv, finished: new Uint8Array(0) });
  for (let i = 0; i < counter; i++) sealer.seal(new Uint8Array(0));
  return sealer.seal(message);
}

function openFrame({ key, iv, counter, frame }: OpenFrameRequest): Uint8Array {
  const keys = { key, iv, finished: new Uint8Array(0) };
  const opener = new FrameOpener(crypto, keys);
  const sealer = new FrameSealer(crypto, keys);
  for (let i = 0; i < counter; i++) opener.open(sealer.seal(new Uint8Array(0)).subarray(4));
  return opener.open(frame.subarray(4));
}

function cutFrames({ pieces }: CutFramesRequest): { bodies: Uint8Array[]; error?: string } {
  const reader = new FrameReader(MAX_HANDSHAKE_FRAME_OCTETS);
  const bodies: Uint8Array[] = [];
  try {
    for (const piece of pieces) {
      reader.push(piece);
      for (let body = reader.next(); body !== undefined; body = reader.next()) bodies.push(body);
    }
  } catch (error) {
    if (error instanceof PeerError) return { bodies, error: error.code };
    throw error;
  }
  return { bodies };
}

function decoded({ kind, octets }: DecodeHandshakeRequest): Uint8Array {
  switch (kind) {
    case HandshakeKind.MESSAGE:
      return encodeHandshakeMessage(decodeHandshakeMessage(octets));
    case HandshakeKind.SERVER_CLAIM:
      return encodeServerClaim(decodeServerClaim(octets));
    case HandshakeKind.CLIENT_CLAIM:
      return encodeClientClaim(decodeClientClaim(octets));
    default:
      throw new UsageError(`not a kind of message: ${kind}`);
  }
}

function sealPacket(request: SealPacketRequest): Uint8Array {
  const { suite, connectionId, keys, packetNumber, payload } = request;
  const sealer = new PacketSealer(crypto, suite, connectionId, keysOf(keys));
  sealer.skipTo(Number(packetNumber));
  return sealer.seal(payload);
}

function openPackets(
  request: OpenPacketsRequest,
): { packetNumber?: bigint; payload?: Uint8Array; dropped?: string }[] {
  const { suite, connectionId, keys, datagrams } = request;
  const opener = new PacketOpener(crypto, suite, connectionId, keysOf(keys));
  return datagrams.map((datagram) => {
    const opened = opener.open(datagram);
    return opened.kind === "dropped"
      ? { dropped: opened.reason }
      : { packetNumber: BigInt(opened.packetNumber), payload: opened.plaintext };
  });
}

function keysOf(keys: DirectionKeys | undefined): ConnectionSecrets["clientToServer"] {
  if (keys === undefined) throw new UsageError("keys are missing");
  const { aeadKey, aeadIv, macKey } = keys;
  return { aeadKey, aeadIv, macKey };
}
