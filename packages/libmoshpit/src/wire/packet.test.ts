import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nobleCrypto } from "../crypto/index.js";
import { concatBytes, UsageError } from "../util/index.js";
import { CipherSuite } from "./handshake-messages.js";
import { MAX_DATAGRAM, MAX_PACKET_NUMBER, PACKET_HEADER_LENGTH, REPLAY_WINDOW } from "./limits.js";
import {
  connectionIdOf,
  packetHeader,
  packetNonce,
  packetOverhead,
  PacketOpener,
  PacketSealer,
  type CryptoProvider,
  type DirectionKeys,
  type DropReason,
} from "./packet.js";

const ID = 0x0102030405060708n;
const KEYS: DirectionKeys = {
  aeadKey: Uint8Array.from({ length: 32 }, (_, i) => i),
  aeadIv: Uint8Array.from({ length: 12 }, (_, i) => 100 + i),
  macKey: Uint8Array.from({ length: 64 }, (_, i) => 200 - i),
};
const FULL = CipherSuite.AES_256_GCM_SIV_HMAC_SHA512;
const TRUNCATED = CipherSuite.AES_256_GCM_SIV_HMAC_SHA512_256;
const SUITES = [
  { name: "full HMAC", suite: FULL, mac: 64 },
  { name: "truncated HMAC", suite: TRUNCATED, mac: 32 },
] as const;

const sealer = (suite: CipherSuite, keys = KEYS): PacketSealer =>
  new PacketSealer(nobleCrypto, suite, ID, keys);
const opener = (suite: CipherSuite, crypto: CryptoProvider = nobleCrypto): PacketOpener =>
  new PacketOpener(crypto, suite, ID, KEYS);

const dropped = (reason: DropReason): { kind: string; reason: DropReason } => ({ kind: "dropped", reason });

/** A packet as a broken peer would send it: any header, a MAC that fits. */
function forgedByPeer(suite: CipherSuite, header: Uint8Array, sealed: Uint8Array): Uint8Array {
  const mac = nobleCrypto.hmacSha512(KEYS.macKey, header, sealed).subarray(0, suite === FULL ? 64 : 32);
  return concatBytes(header, sealed, mac);
}

/** Counts the calls of the dear primitive. */
function countingCrypto(): { crypto: CryptoProvider; opened: () => number } {
  let opened = 0;
  const crypto: CryptoProvider = {
    ...nobleCrypto,
    aes256GcmSiv(key) {
      const aead = nobleCrypto.aes256GcmSiv(key);
      return {
        seal: (...args) => aead.seal(...args),
        open(...args) {
          opened += 1;
          return aead.open(...args);
        },
      };
    },
  };
  return { crypto, opened: () => opened };
}

describe.each(SUITES)("packet protection with the $name", ({ suite, mac }) => {
  it("PK-HEAD-001 writes version and type, connection id and packet number in front", () => {
    const seal = sealer(suite);
    seal.seal(new Uint8Array(0));
    const datagram = seal.seal(Uint8Array.of(1, 2, 3));
    expect([...datagram.subarray(0, PACKET_HEADER_LENGTH)]).toEqual([
      0x10, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 1,
    ]);
    expect(datagram.length).toBe(17 + 3 + 16 + mac);
  });

  it("PK-HEAD-002 never makes a datagram of more than 1200 octets", () => {
    const seal = sealer(suite);
    expect(seal.maxPlaintext).toBe(1200 - 17 - 16 - mac);
    expect(seal.seal(new Uint8Array(seal.maxPlaintext)).length).toBe(MAX_DATAGRAM);
    expect(() => seal.seal(new Uint8Array(seal.maxPlaintext + 1))).toThrow(UsageError);
  });

  it("PK-SEAL-001 PK-SEAL-002 PK-SEAL-003 is AEAD under IV XOR packet number with the header as associated data, then HMAC", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.integer({ min: 0, max: MAX_PACKET_NUMBER }),
        (text, number) => {
          const seal = sealer(suite);
          seal.skipTo(number);
          const datagram = seal.seal(text);
          const header = datagram.subarray(0, 17);
          expect(header).toEqual(packetHeader(ID, number));
          const nonce = KEYS.aeadIv.slice();
          for (let i = 0; i < 8; i++)
            nonce[4 + i]! ^= Number((BigInt(number) >> BigInt(8 * (7 - i))) & 0xffn);
          expect(packetNonce(KEYS.aeadIv, number)).toEqual(nonce);
          const sealed = nobleCrypto.aes256GcmSiv(KEYS.aeadKey).seal(nonce, header, text);
          const tag = nobleCrypto.hmacSha512(KEYS.macKey, concatBytes(header, sealed)).subarray(0, mac);
          expect(datagram).toEqual(concatBytes(header, sealed, tag));
        },
      ),
      { numRuns: 50 },
    );
  });

  it("PK-SEAL-002 leaves the IV as it is, one that is a view of a Buffer too", () => {
    const iv = Buffer.alloc(32, 0xf0).subarray(4, 16);
    const nonce = packetNonce(iv, 0x01020304);
    expect(Uint8Array.from(iv)).toEqual(new Uint8Array(12).fill(0xf0));
    expect(nonce).toEqual(packetNonce(new Uint8Array(12).fill(0xf0), 0x01020304));
  });

  it("PK-OPEN-001 opens what was sealed, in any order", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 20 }),
        fc.func(fc.nat()),
        (texts, rank) => {
          const seal = sealer(suite);
          const open = opener(suite);
          const packets = texts.map((text) => ({ text, datagram: seal.seal(text) }));
          let largest = -1;
          for (const [number, { text, datagram }] of shuffled([...packets.entries()], rank)) {
            const newest = number > largest;
            largest = Math.max(largest, number);
            expect(open.open(datagram)).toEqual({
              kind: "packet",
              packetNumber: number,
              newest,
              plaintext: text,
            });
          }
          expect(open.largestEnd).toBe(texts.length);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("PK-OPEN-002 drops a packet with any bit flipped, and the true packet still opens", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(), (text, where) => {
        const datagram = sealer(suite).seal(text);
        const flipped = datagram.slice();
        const bit = where % (8 * datagram.length);
        flipped[bit >>> 3]! ^= 1 << (bit % 8);
        const open = opener(suite);
        expect(open.open(flipped).kind).toBe("dropped");
        expect([...open.dropped.values()]).toEqual([1]);
        expect(open.largestEnd).toBe(0);
        expect(open.open(datagram)).toMatchObject({ kind: "packet", plaintext: text });
      }),
      { numRuns: 300 },
    );
  });

  it("PK-OPEN-002 drops a packet cut short or made longer", () => {
    const datagram = sealer(suite).seal(new Uint8Array(40));
    const open = opener(suite);
    for (let length = 0; length < datagram.length; length++) {
      expect(open.open(datagram.subarray(0, length)).kind).toBe("dropped");
    }
    for (const extra of [1, 16, 64, 2000]) {
      expect(open.open(concatBytes(datagram, new Uint8Array(extra))).kind).toBe("dropped");
    }
    expect(open.largestEnd).toBe(0);
    expect(open.open(datagram).kind).toBe("packet");
  });

  it("PK-OPEN-002 drops random octets, and throws for none", () => {
    const open = opener(suite);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1400 }), fc.boolean(), (noise, disguised) => {
        if (disguised) noise.set(packetHeader(ID, 5).subarray(0, noise.length));
        expect(open.open(noise).kind).toBe("dropped");
      }),
      { numRuns: 300 },
    );
    expect(open.largestEnd).toBe(0);
  });

  it("PK-OPEN-001 checks length, version, connection id, packet number, MAC, replay, AEAD in this order", () => {
    const good = sealer(suite).seal(Uint8Array.of(1));
    const with_ = (at: number, octet: number, from = good): Uint8Array => {
      const copy = from.slice();
      copy[at] = octet;
      return copy;
    };
    const { crypto, opened } = countingCrypto();
    const open = opener(suite, crypto);
    expect(open.open(with_(0, 0x20).subarray(0, packetOverhead(suite) - 1))).toEqual(dropped("length"));
    expect(open.open(with_(1, 9, with_(0, 0x20)))).toEqual(dropped("version"));
    expect(open.open(with_(0, 0x11))).toEqual(dropped("version"));
    expect(open.open(with_(9, 9, with_(1, 9)))).toEqual(dropped("connection-id"));
    expect(open.open(with_(9, 1))).toEqual(dropped("packet-number"));
    expect(open.open(with_(20, good[20]! ^ 1))).toEqual(dropped("mac"));
    expect(opened()).toBe(0);
    expect(open.open(good).kind).toBe("packet");
    expect(opened()).toBe(1);
    expect(open.open(good)).toEqual(dropped("replayed"));
    expect(opened()).toBe(1);
    const badAead = forgedByPeer(suite, packetHeader(ID, 7), new Uint8Array(30));
    expect(open.open(badAead)).toEqual(dropped("aead"));
    expect(opened()).toBe(2);
  });

  it("PK-REPLAY-002 marks a packet number only after the AEAD verified", () => {
    const open = opener(suite);
    expect(open.open(forgedByPeer(suite, packetHeader(ID, 100_000), new Uint8Array(30)))).toEqual(
      dropped("aead"),
    );
    expect(open.largestEnd).toBe(0);
    const seal = sealer(suite);
    expect(open.open(seal.seal(Uint8Array.of(1))).kind).toBe("packet");
    seal.skipTo(100_000);
    expect(open.open(seal.seal(Uint8Array.of(2))).kind).toBe("packet");
  });

  it("PK-REPLAY-001 accepts each packet number once, and none that fell out of the window", () => {
    const seal = sealer(suite);
    const early = [seal.seal(Uint8Array.of(0)), seal.seal(Uint8Array.of(1))];
    seal.skipTo(REPLAY_WINDOW);
    const late = seal.seal(Uint8Array.of(2));
    const open = opener(suite);
    expect(open.open(late)).toMatchObject({ kind: "packet", packetNumber: REPLAY_WINDOW });
    expect(open.open(early[0]!)).toEqual(dropped("too-old"));
    expect(open.open(early[1]!)).toMatchObject({ kind: "packet", newest: false });
    expect(open.open(early[1]!)).toEqual(dropped("replayed"));
  });

  it("PK-SEAL-004 does not open packets of the other direction, purpose or connection", () => {
    const other: DirectionKeys = { ...KEYS, macKey: KEYS.macKey.toReversed() };
    expect(opener(suite).open(sealer(suite, other).seal(new Uint8Array(4)))).toEqual(dropped("mac"));
    const elsewhere = new PacketSealer(nobleCrypto, suite, ID + 1n, KEYS).seal(new Uint8Array(4));
    expect(opener(suite).open(elsewhere)).toEqual(dropped("connection-id"));
  });

  it("PK-NUM-001 PK-NUM-002 numbers from 0 in steps of 1 and stops at the last number", () => {
    const seal = sealer(suite);
    expect(seal.nextPacketNumber).toBe(0);
    seal.seal(new Uint8Array(1));
    expect(seal.nextPacketNumber).toBe(1);
    expect(() => seal.skipTo(0)).toThrow(UsageError);
    seal.skipTo(MAX_PACKET_NUMBER);
    expect(seal.exhausted).toBe(false);
    const last = seal.seal(new Uint8Array(1));
    expect(opener(suite).open(last)).toMatchObject({ kind: "packet", packetNumber: MAX_PACKET_NUMBER });
    expect(seal.exhausted).toBe(true);
    expect(() => seal.seal(new Uint8Array(1))).toThrow(UsageError);
    const beyond = forgedByPeer(suite, packetHeader(ID, MAX_PACKET_NUMBER + 1), new Uint8Array(20));
    expect(opener(suite).open(beyond)).toEqual(dropped("packet-number"));
  });
});

describe("the connection id of a datagram", () => {
  it("is read where a packet could be, and nowhere else", () => {
    const datagram = sealer(TRUNCATED).seal(new Uint8Array(0));
    expect(connectionIdOf(datagram)).toBe(ID);
    expect(connectionIdOf(datagram.subarray(1))).toBeUndefined();
    expect(connectionIdOf(datagram.subarray(0, -1))).toBeUndefined();
    expect(connectionIdOf(new Uint8Array(0))).toBeUndefined();
    expect(connectionIdOf(concatBytes(datagram, new Uint8Array(1200)))).toBeUndefined();
  });
});

/** In an order that the generated function chooses. */
function shuffled<T>(items: readonly T[], rank: (index: number) => number): T[] {
  return items
    .map((item, index) => ({ item, rank: rank(index), index }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map(({ item }) => item);
}
