import type { CryptoProvider } from "../crypto/index.js";
import { ascii, concatBytes, UsageError, wipe } from "../util/index.js";
import type { CipherSuite, ConnectionSecrets, DirectionKeys } from "../wire/index.js";
import { PROTOCOL_NAME } from "./transcript.js";

const HASH_OCTETS = 64;
const EMPTY = new Uint8Array(0);

/** The labels of spec/04-key-schedule.md 4.4, without their common prefix. */
export const LABELS = {
  clientHandshake: "c hs traffic",
  serverHandshake: "s hs traffic",
  derived: "derived",
  clientUdp: "c udp traffic",
  serverUdp: "s udp traffic",
  frameKey: "key",
  frameIv: "iv",
  finished: "finished",
  udpKey: "udp key",
  udpIv: "udp iv",
  udpMac: "udp mac",
} as const;

const LABEL_PREFIX = "moshpit v1 ";

/** One direction's keys for sealed frames and for the key confirmation. */
export interface HandshakeKeys {
  /** 32 octets. */
  readonly key: Uint8Array;
  /** 12 octets. */
  readonly iv: Uint8Array;
  /** 64 octets. */
  readonly finished: Uint8Array;
}

/** What follows from the key exchange and the two hellos. */
export interface HandshakeSecrets {
  readonly handshakeSecret: Uint8Array;
  readonly clientTraffic: Uint8Array;
  readonly serverTraffic: Uint8Array;
  readonly derived: Uint8Array;
  readonly mainSecret: Uint8Array;
  readonly client: HandshakeKeys;
  readonly server: HandshakeKeys;
}

/** What follows from the main secret and the transcript through ClientIdentity. */
export interface UdpSecrets {
  readonly clientTraffic: Uint8Array;
  readonly serverTraffic: Uint8Array;
  readonly connection: ConnectionSecrets;
}

/** HKDF-Extract with SHA-512 (RFC 5869). */
export function extract(crypto: CryptoProvider, salt: Uint8Array, keyMaterial: Uint8Array): Uint8Array {
  return crypto.hmacSha512(salt, keyMaterial);
}

/** HKDF-Expand with SHA-512 (RFC 5869); at most 255 × 64 octets, else `UsageError`. */
export function expand(
  crypto: CryptoProvider,
  prk: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  if (length > 255 * HASH_OCTETS) throw new UsageError(`HKDF can not expand to ${length} octets`);
  const out = new Uint8Array(Math.ceil(length / HASH_OCTETS) * HASH_OCTETS);
  let block: Uint8Array = EMPTY;
  for (let i = 0; i * HASH_OCTETS < length; i++) {
    block = crypto.hmacSha512(prk, block, info, Uint8Array.of(i + 1));
    out.set(block, i * HASH_OCTETS);
  }
  const result = out.slice(0, length);
  wipe(out, block);
  return result;
}

/** The `info` of an expansion: u16 length, label and context each after its u8 length. */
export function labelInfo(label: string, context: Uint8Array, length: number): Uint8Array {
  const full = ascii(LABEL_PREFIX + label);
  return concatBytes(
    Uint8Array.of(length >> 8, length & 0xff, full.length),
    full,
    Uint8Array.of(context.length),
    context,
  );
}

/** `Label` of spec/04-key-schedule.md 4.4. */
export function expandLabel(
  crypto: CryptoProvider,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  return expand(crypto, secret, labelInfo(label, context, length), length);
}

/** From IKM and T2. */
export function deriveHandshakeSecrets(
  crypto: CryptoProvider,
  keyMaterial: Uint8Array,
  helloHash: Uint8Array,
): HandshakeSecrets {
  const handshakeSecret = extract(crypto, PROTOCOL_NAME, keyMaterial);
  const clientTraffic = expandLabel(crypto, handshakeSecret, LABELS.clientHandshake, helloHash, HASH_OCTETS);
  const serverTraffic = expandLabel(crypto, handshakeSecret, LABELS.serverHandshake, helloHash, HASH_OCTETS);
  const derived = expandLabel(crypto, handshakeSecret, LABELS.derived, EMPTY, HASH_OCTETS);
  return {
    handshakeSecret,
    clientTraffic,
    serverTraffic,
    derived,
    mainSecret: extract(crypto, derived, new Uint8Array(HASH_OCTETS)),
    client: handshakeKeys(crypto, clientTraffic),
    server: handshakeKeys(crypto, serverTraffic),
  };
}

/** From the main secret and T4. The caller owns the result. */
export function deriveUdpSecrets(
  crypto: CryptoProvider,
  mainSecret: Uint8Array,
  identityHash: Uint8Array,
  suite: CipherSuite,
): UdpSecrets {
  const clientTraffic = expandLabel(crypto, mainSecret, LABELS.clientUdp, identityHash, HASH_OCTETS);
  const serverTraffic = expandLabel(crypto, mainSecret, LABELS.serverUdp, identityHash, HASH_OCTETS);
  return {
    clientTraffic,
    serverTraffic,
    connection: {
      suite,
      clientToServer: directionKeys(crypto, clientTraffic),
      serverToClient: directionKeys(crypto, serverTraffic),
    },
  };
}

/** Overwrites all of them (KS-WIPE-001). */
export function wipeHandshakeSecrets(secrets: HandshakeSecrets): void {
  const { handshakeSecret, clientTraffic, serverTraffic, derived, mainSecret, client, server } = secrets;
  wipe(handshakeSecret, clientTraffic, serverTraffic, derived, mainSecret);
  for (const keys of [client, server]) wipe(keys.key, keys.iv, keys.finished);
}

/** Overwrites the keys of a connection. */
export function wipeConnectionSecrets({ clientToServer, serverToClient }: ConnectionSecrets): void {
  for (const keys of [clientToServer, serverToClient]) wipe(keys.aeadKey, keys.aeadIv, keys.macKey);
}

function handshakeKeys(crypto: CryptoProvider, traffic: Uint8Array): HandshakeKeys {
  return {
    key: expandLabel(crypto, traffic, LABELS.frameKey, EMPTY, 32),
    iv: expandLabel(crypto, traffic, LABELS.frameIv, EMPTY, 12),
    finished: expandLabel(crypto, traffic, LABELS.finished, EMPTY, 64),
  };
}

function directionKeys(crypto: CryptoProvider, traffic: Uint8Array): DirectionKeys {
  return {
    aeadKey: expandLabel(crypto, traffic, LABELS.udpKey, EMPTY, 32),
    aeadIv: expandLabel(crypto, traffic, LABELS.udpIv, EMPTY, 12),
    macKey: expandLabel(crypto, traffic, LABELS.udpMac, EMPTY, 64),
  };
}
