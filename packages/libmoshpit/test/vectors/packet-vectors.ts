import { nobleCrypto } from "../../src/crypto/index.js";
import { concatBytes, toHex } from "../../src/util/index.js";
import {
  CipherSuite,
  encodeFrame,
  encodePayload,
  MAX_PACKET_NUMBER,
  packetHeader,
  packetNonce,
  PacketOpener,
  PacketSealer,
  REPLAY_WINDOW,
  type DirectionKeys,
  type PayloadHead,
} from "../../src/wire/index.js";
import type { Json } from "./json.js";

const CONNECTION_ID = 0x8877665544332211n;
const MATERIAL = concatBytes(nobleCrypto.sha512(Uint8Array.of(6)), nobleCrypto.sha512(Uint8Array.of(7)));
const KEYS: DirectionKeys = {
  aeadKey: MATERIAL.slice(0, 32),
  aeadIv: MATERIAL.slice(32, 44),
  macKey: MATERIAL.slice(64),
};
const SUITES = {
  AES_256_GCM_SIV_HMAC_SHA512: CipherSuite.AES_256_GCM_SIV_HMAC_SHA512,
  AES_256_GCM_SIV_HMAC_SHA512_256: CipherSuite.AES_256_GCM_SIV_HMAC_SHA512_256,
} as const;

const HEAD: PayloadHead = {
  cumulativeSequence: 3,
  selectiveRanges: [{ start: 5, end: 8 }],
  largestPacketEnd: 12,
  receivedCount: 11,
  timestamp: 4660,
  echo: 22136,
  nextSequence: 2,
  heldFrames: 1,
};
const KEYSTROKE = encodePayload(HEAD, [
  encodeFrame({ kind: "data", sequence: 1, bytes: Uint8Array.of(0x6c), standardError: false, end: false }),
]);

/** Sealed packets with every intermediate, datagrams that are dropped and why, and the replay window. */
export function packetVector(): Json {
  return {
    name: "packets",
    about: "PK-HEAD, PK-SEAL, PK-OPEN and PK-REPLAY: one direction's keys, in each suite.",
    connectionId: CONNECTION_ID.toString(16),
    aeadKey: toHex(KEYS.aeadKey),
    aeadIv: toHex(KEYS.aeadIv),
    macKey: toHex(KEYS.macKey),
    sealed: Object.keys(SUITES).flatMap((suite) => sealedCases(suite as keyof typeof SUITES)),
    dropped: Object.keys(SUITES).flatMap((suite) => droppedCases(suite as keyof typeof SUITES)),
    replay: { window: REPLAY_WINDOW, steps: replaySteps() },
  };
}

function sealedCases(suite: keyof typeof SUITES): Json[] {
  const longest = new PacketSealer(nobleCrypto, SUITES[suite], CONNECTION_ID, KEYS).maxPlaintext;
  return [
    sealedCase(suite, "an empty payload", 0, new Uint8Array(0)),
    sealedCase(suite, "a keystroke", 1, KEYSTROKE),
    sealedCase(suite, "a packet number above 2^32", 2 ** 32 + 1, KEYSTROKE),
    sealedCase(suite, "the last packet number", MAX_PACKET_NUMBER, KEYSTROKE),
    sealedCase(suite, "a full datagram", 2, encodePayload(HEAD, [], longest)),
  ];
}

function sealedCase(
  suite: keyof typeof SUITES,
  about: string,
  packetNumber: number,
  payload: Uint8Array,
): Json {
  const header = packetHeader(CONNECTION_ID, packetNumber);
  const nonce = packetNonce(KEYS.aeadIv, packetNumber);
  const sealed = nobleCrypto.aes256GcmSiv(KEYS.aeadKey).seal(nonce, header, payload);
  return {
    about,
    suite,
    packetNumber,
    payload: toHex(payload),
    header: toHex(header),
    nonce: toHex(nonce),
    sealed: toHex(sealed),
    hmacSha512: toHex(nobleCrypto.hmacSha512(KEYS.macKey, header, sealed)),
    datagram: toHex(seal(suite, packetNumber, payload)),
  };
}

function droppedCases(suite: keyof typeof SUITES): Json[] {
  const good = seal(suite, 9, KEYSTROKE);
  const changed = (at: number, octet: number): Uint8Array => good.map((old, i) => (i === at ? octet : old));
  const withMac = (header: Uint8Array, sealed: Uint8Array): Uint8Array => {
    const length = suite === "AES_256_GCM_SIV_HMAC_SHA512" ? 64 : 32;
    return concatBytes(
      header,
      sealed,
      nobleCrypto.hmacSha512(KEYS.macKey, header, sealed).subarray(0, length),
    );
  };
  const cases: [string, Uint8Array][] = [
    ["no octets", new Uint8Array(0)],
    [
      "cut to one octet less than an empty payload",
      good.subarray(0, seal(suite, 0, new Uint8Array(0)).length - 1),
    ],
    ["1201 octets", concatBytes(good, new Uint8Array(1201 - good.length))],
    ["version 2", changed(0, 0x20)],
    ["type 1", changed(0, 0x11)],
    ["another connection", changed(8, 0)],
    ["a packet number above 2^48 - 1", changed(10, 1)],
    ["another packet number", changed(16, 8)],
    ["the ciphertext changed", changed(17, (good[17] ?? 0) ^ 1)],
    ["the MAC changed", changed(good.length - 1, (good.at(-1) ?? 0) ^ 0x80)],
    ["an octet more", concatBytes(good, new Uint8Array(1))],
    ["an octet less", good.subarray(0, -1)],
    ["a right MAC over a wrong tag", withMac(packetHeader(CONNECTION_ID, 9), new Uint8Array(40))],
  ];
  return cases.map(([about, datagram]) => ({
    about,
    suite,
    datagram: toHex(datagram),
    reason: reasonFor(suite, datagram),
  }));
}

/** Packet numbers in the order of arrival, and what becomes of each. */
function replaySteps(): Json[] {
  const suite = "AES_256_GCM_SIV_HMAC_SHA512";
  const opener = new PacketOpener(nobleCrypto, SUITES[suite], CONNECTION_ID, KEYS);
  const w = REPLAY_WINDOW;
  const numbers = [
    0,
    0,
    5,
    3,
    3,
    4,
    5,
    w - 1,
    1,
    w,
    0,
    2,
    w + 2,
    2,
    6,
    3 * w,
    w + 2,
    2 * w + 1,
    2 * w,
    3 * w,
    3 * w + 1,
  ];
  return numbers.map((packetNumber) => {
    const opened = opener.open(seal(suite, packetNumber, KEYSTROKE));
    return { packetNumber, becomes: opened.kind === "packet" ? "accepted" : opened.reason };
  });
}

function seal(suite: keyof typeof SUITES, packetNumber: number, payload: Uint8Array): Uint8Array {
  const sealer = new PacketSealer(nobleCrypto, SUITES[suite], CONNECTION_ID, KEYS);
  sealer.skipTo(packetNumber);
  return sealer.seal(payload);
}

function reasonFor(suite: keyof typeof SUITES, datagram: Uint8Array): string {
  const opened = new PacketOpener(nobleCrypto, SUITES[suite], CONNECTION_ID, KEYS).open(datagram);
  if (opened.kind === "packet") throw new Error("a packet that is to be dropped opens");
  return opened.reason;
}
