import { createCipheriv, type Cipher } from "node:crypto";
import { polyval } from "@noble/ciphers/_polyval.js";
import type { Aead } from "libmoshpit/crypto";
import { equalSecretBytes, UsageError, wipe } from "libmoshpit/util";

const BLOCK = 16;
const KEY_OCTETS = 32;
const NONCE_OCTETS = 12;
const TAG_OCTETS = 16;
/** Half blocks of the key derivation: two for the authentication key, four for the encryption key. */
const DERIVED_BLOCKS = 6;

/**
 * AES-256-GCM-SIV (RFC 8452) with OpenSSL's AES, which Node has, and the POLYVAL of @noble/ciphers. A lone keystroke
 * meets JavaScript that is not warm, and there native AES costs least.
 * Throws `UsageError` for a key or nonce of another length.
 */
export function nodeAes256GcmSiv(key: Uint8Array): Aead {
  if (key.length !== KEY_OCTETS) throw new UsageError(`an AES-256 key has 32 octets, not ${key.length}`);
  return {
    seal: (nonce, associatedData, plaintext) => {
      const message = new MessageCipher(key, nonce);
      const tag = message.tag(associatedData, plaintext);
      const sealed = new Uint8Array(plaintext.length + TAG_OCTETS);
      message.applyKeystream(tag, plaintext, sealed);
      sealed.set(tag, plaintext.length);
      return sealed;
    },
    open: (nonce, associatedData, sealed) => {
      const message = new MessageCipher(key, nonce);
      if (sealed.length < TAG_OCTETS) return undefined;
      const tag = sealed.subarray(sealed.length - TAG_OCTETS);
      const plaintext = new Uint8Array(sealed.length - TAG_OCTETS);
      message.applyKeystream(tag, sealed.subarray(0, plaintext.length), plaintext);
      if (equalSecretBytes(message.tag(associatedData, plaintext), tag)) return plaintext;
      wipe(plaintext);
      return undefined;
    },
  };
}

/** The keys of one nonce: RFC 8452, section 4. */
class MessageCipher {
  readonly #nonce: Uint8Array;
  readonly #authenticationKey: Uint8Array;
  readonly #aes: Cipher;

  constructor(key: Uint8Array, nonce: Uint8Array) {
    if (nonce.length !== NONCE_OCTETS) throw new UsageError(`a nonce has 12 octets, not ${nonce.length}`);
    this.#nonce = nonce;
    const blocks = new Uint8Array(DERIVED_BLOCKS * BLOCK);
    for (let i = 0; i < DERIVED_BLOCKS; i++) {
      blocks[i * BLOCK] = i;
      blocks.set(nonce, i * BLOCK + 4);
    }
    const encrypted = aes(key).update(blocks);
    const derived = new Uint8Array((DERIVED_BLOCKS * BLOCK) / 2);
    for (let i = 0; i < DERIVED_BLOCKS; i++) {
      derived.set(encrypted.subarray(i * BLOCK, i * BLOCK + BLOCK / 2), (i * BLOCK) / 2);
    }
    this.#authenticationKey = derived.slice(0, BLOCK);
    this.#aes = aes(derived.subarray(BLOCK));
    wipe(encrypted, derived);
  }

  /** Of associated data and plaintext: 16 octets. */
  tag(associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const paddedData = padded(associatedData.length);
    const input = new Uint8Array(paddedData + padded(plaintext.length) + BLOCK);
    input.set(associatedData);
    input.set(plaintext, paddedData);
    const lengths = new DataView(input.buffer, input.length - BLOCK);
    lengths.setBigUint64(0, BigInt(associatedData.length) * 8n, true);
    lengths.setBigUint64(8, BigInt(plaintext.length) * 8n, true);
    const sum = polyval(input, this.#authenticationKey);
    for (let i = 0; i < NONCE_OCTETS; i++) sum[i] = (sum[i] ?? 0) ^ (this.#nonce[i] ?? 0);
    sum[BLOCK - 1] = (sum[BLOCK - 1] ?? 0) & 0x7f;
    return Uint8Array.from(this.#aes.update(sum));
  }

  /** The tag, its highest bit set, is the first counter block; its first four octets count, little-endian. */
  applyKeystream(tag: Uint8Array, from: Uint8Array, to: Uint8Array): void {
    const counters = new Uint8Array(padded(from.length));
    const view = new DataView(counters.buffer);
    const first = new DataView(tag.buffer, tag.byteOffset).getUint32(0, true);
    for (let at = 0; at < counters.length; at += BLOCK) {
      counters.set(tag, at);
      view.setUint32(at, (first + at / BLOCK) >>> 0, true);
      counters[at + BLOCK - 1] = (counters[at + BLOCK - 1] ?? 0) | 0x80;
    }
    const stream = this.#aes.update(counters);
    for (let i = 0; i < from.length; i++) to[i] = (from[i] ?? 0) ^ (stream[i] ?? 0);
    wipe(stream);
  }
}

function aes(key: Uint8Array): Cipher {
  return createCipheriv("aes-256-ecb", key, null).setAutoPadding(false);
}

/** Rounded up to whole blocks. */
function padded(octets: number): number {
  return Math.ceil(octets / BLOCK) * BLOCK;
}
