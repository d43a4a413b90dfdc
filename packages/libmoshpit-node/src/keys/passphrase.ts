import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

/** What Argon2id is to cost. Stored with what it protects, so that later files can cost more. */
export interface PassphraseCost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

/** For new files: RFC 9106 §4, its second recommendation, with one lane (about a second in JavaScript). */
export const PASSPHRASE_COST: PassphraseCost = { memoryKib: 65_536, passes: 3, lanes: 1 };

/** A file can ask for no more than this (some seconds, 256 MiB); whoever made one that does wants to hurt. */
export function costIsBearable(cost: PassphraseCost): boolean {
  const { memoryKib, passes, lanes } = cost;
  const withinEach = memoryKib >= 8 * lanes && memoryKib <= 262_144 && passes >= 1 && passes <= 16;
  return withinEach && lanes >= 1 && lanes <= 4 && memoryKib * passes <= 1_048_576;
}

export const SALT_LENGTH = 16;
export const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
/** ChaCha20-Poly1305 (RFC 8439), which Node has; each key seals one file once. */
const CIPHER = "chacha20-poly1305";

/** Fresh random octets for one sealing. */
export function freshSaltAndNonce(): { readonly salt: Uint8Array; readonly nonce: Uint8Array } {
  return { salt: randomBytes(SALT_LENGTH), nonce: randomBytes(NONCE_LENGTH) };
}

/** Ciphertext and tag of `secret` under a key of the passphrase; `header` is authenticated with it. */
export async function sealUnderPassphrase(
  passphrase: string,
  cost: PassphraseCost,
  salt: Uint8Array,
  nonce: Uint8Array,
  header: Uint8Array,
  secret: Uint8Array,
): Promise<Uint8Array> {
  const key = await derive(passphrase, cost, salt);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_LENGTH });
  cipher.setAAD(header, { plaintextLength: secret.length });
  const sealed = Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  key.fill(0);
  return sealed;
}

/** The secret, or undefined if the passphrase is wrong or anything was changed. */
export async function openUnderPassphrase(
  passphrase: string,
  cost: PassphraseCost,
  salt: Uint8Array,
  nonce: Uint8Array,
  header: Uint8Array,
  sealed: Uint8Array,
): Promise<Uint8Array | undefined> {
  const key = await derive(passphrase, cost, salt);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_LENGTH });
  const length = sealed.length - TAG_LENGTH;
  decipher.setAAD(header, { plaintextLength: length });
  decipher.setAuthTag(sealed.subarray(length));
  const secret = decipher.update(sealed.subarray(0, length));
  key.fill(0);
  try {
    return Buffer.concat([secret, decipher.final()]);
  } catch {
    // The one error of final(): the tag does not fit.
    secret.fill(0);
    return undefined;
  }
}

async function derive(passphrase: string, cost: PassphraseCost, salt: Uint8Array): Promise<Uint8Array> {
  // Imported here: only whoever has a passphrase pays for it. The pauses keep the process answering signals.
  const { argon2idAsync } = await import("@noble/hashes/argon2.js");
  // The same passphrase typed on another system may arrive in another composition.
  const octets = new TextEncoder().encode(passphrase.normalize("NFC"));
  const { memoryKib: m, passes: t, lanes: p } = cost;
  return argon2idAsync(octets, salt, { m, t, p, dkLen: 32, asyncTick: 25 });
}
