import type { Aead, CryptoProvider } from "../crypto/index.js";
import { concatBytes, equalSecretBytes, UsageError } from "../util/index.js";
import { CipherSuite } from "./gen/moshpit/v1/handshake_pb.js";
import {
  AEAD_TAG_LENGTH,
  MAX_DATAGRAM,
  MAX_PACKET_NUMBER,
  PACKET_HEADER_LENGTH,
  PACKET_TYPE_SESSION,
  PROTOCOL_VERSION,
} from "./limits.js";
import { ReplayWindow } from "./replay-window.js";

/** What a connection is handed from outside; layers above take the types from here. */
export type { CryptoProvider, Entropy } from "../crypto/index.js";

/** The keys of one direction of a connection (spec/04-key-schedule.md). */
export interface DirectionKeys {
  /** 32 octets. */
  readonly aeadKey: Uint8Array;
  /** 12 octets. */
  readonly aeadIv: Uint8Array;
  /** 64 octets. */
  readonly macKey: Uint8Array;
}

/** Everything secret that a connection needs. */
export interface ConnectionSecrets {
  readonly suite: CipherSuite;
  readonly clientToServer: DirectionKeys;
  readonly serverToClient: DirectionKeys;
}

/** Why a datagram was dropped, in the order of the checks (spec/05-packets.md, PK-OPEN). */
export type DropReason =
  | "length"
  | "version"
  | "connection-id"
  | "packet-number"
  | "mac"
  | "replayed"
  | "too-old"
  | "aead"
  | "malformed-payload";

/** What became of a datagram. */
export type Opened =
  | {
      readonly kind: "packet";
      readonly packetNumber: number;
      /** Whether its number is above all before it. */
      readonly newest: boolean;
      readonly plaintext: Uint8Array;
    }
  | { readonly kind: "dropped"; readonly reason: DropReason };

const FIRST_OCTET = (PROTOCOL_VERSION << 4) | PACKET_TYPE_SESSION;

/** Seals the packets of one direction; numbers them from 0 and never uses a number twice. */
export class PacketSealer {
  /** The longest plaintext that fits a datagram, in octets. */
  readonly maxPlaintext: number;
  readonly #crypto: CryptoProvider;
  readonly #connectionId: bigint;
  readonly #keys: DirectionKeys;
  readonly #aead: Aead;
  readonly #macLength: number;
  #next = 0;

  constructor(crypto: CryptoProvider, suite: CipherSuite, connectionId: bigint, keys: DirectionKeys) {
    this.#crypto = crypto;
    this.#connectionId = connectionId;
    this.#keys = checkedKeys(keys);
    this.#aead = crypto.aes256GcmSiv(keys.aeadKey);
    this.#macLength = macLength(suite);
    this.maxPlaintext = MAX_DATAGRAM - packetOverhead(suite);
  }

  get nextPacketNumber(): number {
    return this.#next;
  }

  /** Whether every packet number is used up: the connection has to end. */
  get exhausted(): boolean {
    return this.#next > MAX_PACKET_NUMBER;
  }

  /** One datagram. Throws `UsageError` if the plaintext is too long or the packet numbers are used up. */
  seal(plaintext: Uint8Array): Uint8Array {
    if (plaintext.length > this.maxPlaintext) throw new UsageError(`plaintext of ${plaintext.length} octets`);
    if (this.exhausted) throw new UsageError("no packet number is left");
    const packetNumber = this.#next++;
    const header = packetHeader(this.#connectionId, packetNumber);
    const sealed = this.#aead.seal(packetNonce(this.#keys.aeadIv, packetNumber), header, plaintext);
    const mac = this.#crypto.hmacSha512(this.#keys.macKey, header, sealed).subarray(0, this.#macLength);
    return concatBytes(header, sealed, mac);
  }

  /** Leaves out the numbers below `packetNumber`. Throws `UsageError` where that would use one again. */
  skipTo(packetNumber: number): void {
    if (packetNumber < this.#next) throw new UsageError("packet numbers never go back");
    this.#next = packetNumber;
  }
}

/** Opens the packets of one direction. What fails changes nothing but a counter. */
export class PacketOpener {
  readonly #crypto: CryptoProvider;
  readonly #connectionId: bigint;
  readonly #keys: DirectionKeys;
  readonly #aead: Aead;
  readonly #macLength: number;
  readonly #minLength: number;
  readonly #window = new ReplayWindow();
  readonly #dropped = new Map<DropReason, number>();

  constructor(crypto: CryptoProvider, suite: CipherSuite, connectionId: bigint, keys: DirectionKeys) {
    this.#crypto = crypto;
    this.#connectionId = connectionId;
    this.#keys = checkedKeys(keys);
    this.#aead = crypto.aes256GcmSiv(keys.aeadKey);
    this.#macLength = macLength(suite);
    this.#minLength = packetOverhead(suite);
  }

  /** How many datagrams were dropped for each reason. */
  get dropped(): ReadonlyMap<DropReason, number> {
    return this.#dropped;
  }

  /** One more than the largest packet number accepted; 0 if none was. */
  get largestEnd(): number {
    return this.#window.end;
  }

  /** Checks in the order of PK-OPEN, the cheap before the dear, and changes state only after the last one. */
  open(datagram: Uint8Array): Opened {
    if (datagram.length < this.#minLength || datagram.length > MAX_DATAGRAM) return this.drop("length");
    if (datagram[0] !== FIRST_OCTET) return this.drop("version");
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    if (view.getBigUint64(1) !== this.#connectionId) return this.drop("connection-id");
    const packetNumber = view.getUint32(9) * 2 ** 32 + view.getUint32(13);
    if (packetNumber > MAX_PACKET_NUMBER) return this.drop("packet-number");
    const macAt = datagram.length - this.#macLength;
    const authenticated = datagram.subarray(0, macAt);
    const mac = this.#crypto.hmacSha512(this.#keys.macKey, authenticated).subarray(0, this.#macLength);
    if (!equalSecretBytes(mac, datagram.subarray(macAt))) return this.drop("mac");
    const found = this.#window.lookUp(packetNumber);
    if (found !== "new") return this.drop(found);
    const header = datagram.subarray(0, PACKET_HEADER_LENGTH);
    const sealed = datagram.subarray(PACKET_HEADER_LENGTH, macAt);
    const plaintext = this.#aead.open(packetNonce(this.#keys.aeadIv, packetNumber), header, sealed);
    if (plaintext === undefined) return this.drop("aead");
    const newest = packetNumber >= this.#window.end;
    this.#window.accept(packetNumber);
    return { kind: "packet", packetNumber, newest, plaintext };
  }

  /** Counts a drop; the layer above uses it for packets whose payload is malformed. */
  drop(reason: DropReason): Opened {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
    return { kind: "dropped", reason };
  }
}

/**
 * The connection id that a datagram claims, for telling connections apart on one socket; undefined where no
 * packet can look like that. Says nothing about authenticity.
 */
export function connectionIdOf(datagram: Uint8Array): bigint | undefined {
  if (datagram.length < SHORTEST_PACKET || datagram.length > MAX_DATAGRAM) return undefined;
  if (datagram[0] !== FIRST_OCTET) return undefined;
  return new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength).getBigUint64(1);
}

/** Octets of a datagram that are not plaintext. */
export function packetOverhead(suite: CipherSuite): number {
  return PACKET_HEADER_LENGTH + AEAD_TAG_LENGTH + macLength(suite);
}

/** Version and type, connection id, packet number. */
export function packetHeader(connectionId: bigint, packetNumber: number): Uint8Array {
  const header = new Uint8Array(PACKET_HEADER_LENGTH);
  const view = new DataView(header.buffer);
  view.setUint8(0, FIRST_OCTET);
  view.setBigUint64(1, connectionId);
  view.setUint32(9, Math.floor(packetNumber / 2 ** 32));
  view.setUint32(13, packetNumber >>> 0);
  return header;
}

/** The direction's IV XOR the packet number, big-endian and right-aligned. */
export function packetNonce(iv: Uint8Array, packetNumber: number): Uint8Array {
  // Not slice: a Buffer's shares its octets.
  const nonce = Uint8Array.from(iv);
  const view = new DataView(nonce.buffer);
  view.setUint32(4, view.getUint32(4) ^ Math.floor(packetNumber / 2 ** 32));
  view.setUint32(8, view.getUint32(8) ^ (packetNumber >>> 0));
  return nonce;
}

function macLength(suite: CipherSuite): number {
  switch (suite) {
    case CipherSuite.AES_256_GCM_SIV_HMAC_SHA512:
      return 64;
    case CipherSuite.AES_256_GCM_SIV_HMAC_SHA512_256:
      return 32;
    default:
      throw new UsageError(`not a cipher suite: ${suite}`);
  }
}

function checkedKeys(keys: DirectionKeys): DirectionKeys {
  const { aeadKey, aeadIv, macKey } = keys;
  if (aeadKey.length !== 32 || aeadIv.length !== 12 || macKey.length !== 64)
    throw new UsageError("key length");
  return keys;
}

const SHORTEST_PACKET = packetOverhead(CipherSuite.AES_256_GCM_SIV_HMAC_SHA512_256);
