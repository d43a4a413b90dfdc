import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { UsageError, wipe } from "libmoshpit/util";

/** RFC 8410; the last octet of the object identifier, 1.3.101.110 or 1.3.101.112. */
export type CurveOid = 0x6e | 0x70;

/** The octets of RFC 8410's keys. */
export const KEY_OCTETS = 32;

/** A private key of 32 octets as node:crypto wants it: PKCS #8, in DER. Throws `UsageError` for another length. */
export function privateKeyObject(oid: CurveOid, secret: Uint8Array): KeyObject {
  requireKey("private key", secret);
  const key = Buffer.alloc(PKCS8_OCTETS + KEY_OCTETS);
  key.set([0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, oid, 0x04, 0x22, 0x04, 0x20]);
  key.set(secret, PKCS8_OCTETS);
  const object = createPrivateKey({ key, format: "der", type: "pkcs8" });
  wipe(key);
  return object;
}

/** A public key of 32 octets: SubjectPublicKeyInfo, in DER. Throws `UsageError` for another length. */
export function publicKeyObject(oid: CurveOid, publicKey: Uint8Array): KeyObject {
  requireKey("public key", publicKey);
  const key = Buffer.alloc(SPKI_OCTETS + KEY_OCTETS);
  key.set([0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, oid, 0x03, 0x21, 0x00]);
  key.set(publicKey, SPKI_OCTETS);
  return createPublicKey({ key, format: "der", type: "spki" });
}

/** The 32 octets of the public half. */
export function publicHalf(privateKey: KeyObject): Uint8Array {
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return new Uint8Array(spki.subarray(SPKI_OCTETS));
}

const PKCS8_OCTETS = 16;
const SPKI_OCTETS = 12;

function requireKey(what: string, bytes: Uint8Array): void {
  if (bytes.length !== KEY_OCTETS) throw new UsageError(`the ${what} has 32 octets, not ${bytes.length}`);
}
