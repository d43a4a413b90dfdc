import { ascii, concatBytes, equalBytes, readU32, u32, wipe } from "libmoshpit/util";
import { KeyFileError } from "./error.js";
import { identityOf, type Identity } from "./identity.js";
import {
  costIsBearable,
  freshSaltAndNonce,
  NONCE_LENGTH,
  openUnderPassphrase,
  PASSPHRASE_COST,
  SALT_LENGTH,
  sealUnderPassphrase,
  type PassphraseCost,
} from "./passphrase.js";
import { shellWord } from "./shell-word.js";

/** A private key as its file holds it: open, or under a passphrase. */
export type PrivateKeyFile =
  | { readonly kind: "open"; readonly identity: Identity; readonly comment: string }
  | {
      readonly kind: "locked";
      /** 32 octets; that the file's private key belongs to it is sure once unlocked. */
      readonly publicKey: Uint8Array;
      readonly comment: string;
      /** About a second of work. Throws `KeyFileError` "wrong-passphrase". */
      unlock(passphrase: string): Promise<Identity>;
    };

/**
 * The text of a private key file, version 1. Between the two lines, base64 of
 *
 *     "moshpit-private-key" ‖ u8 version ‖ u8 protection ‖ public key (32) ‖ u16 n ‖ comment (n octets of UTF-8) ‖
 *     protection 0:  seed (32)
 *     protection 1:  u32 KiB of memory ‖ u32 passes ‖ u32 lanes ‖ salt (16) ‖ nonce (12) ‖ sealed seed (48)
 *
 * Protection 1 is ChaCha20-Poly1305 under a key of Argon2id; everything before the sealed seed is authenticated with it.
 */
export async function encodePrivateKey(
  identity: Identity,
  comment: string,
  passphrase: string | undefined,
  cost: PassphraseCost = PASSPHRASE_COST,
): Promise<string> {
  const words = new TextEncoder().encode(comment).subarray(0, LONGEST_COMMENT);
  const protection = passphrase === undefined ? OPEN : UNDER_PASSPHRASE;
  const head = concatBytes(
    MAGIC,
    Uint8Array.of(VERSION, protection),
    identity.publicKey,
    u32(words.length).subarray(2),
    words,
  );
  if (passphrase === undefined) return armoured(concatBytes(head, identity.seed));
  const { salt, nonce } = freshSaltAndNonce();
  const header = concatBytes(head, u32(cost.memoryKib), u32(cost.passes), u32(cost.lanes), salt, nonce);
  const sealed = await sealUnderPassphrase(passphrase, cost, salt, nonce, header, identity.seed);
  return armoured(concatBytes(header, sealed));
}

/** From such a text; throws `KeyFileError` "not-a-key-file" with `path` in the message. */
export function decodePrivateKey(text: string, path: string): PrivateKeyFile {
  const bytes = disarmoured(text, path);
  const reader = new Reader(bytes, path);
  if (!equalBytes(reader.take(MAGIC.length), MAGIC)) throw damaged(path);
  const [version, protection] = reader.take(2);
  if (version !== VERSION || (protection !== OPEN && protection !== UNDER_PASSPHRASE)) {
    throw new KeyFileError(
      "not-a-key-file",
      `${path} is a private key of a newer moshpit: update this program`,
    );
  }
  const publicKey = Uint8Array.from(reader.take(KEY_LENGTH));
  const length = readU32(concatBytes(new Uint8Array(2), reader.take(2)), 0);
  const comment = new TextDecoder().decode(reader.take(length));
  if (protection === OPEN) return openKey(reader.rest(KEY_LENGTH), publicKey, comment, path);

  const cost = {
    memoryKib: readU32(reader.take(4), 0),
    passes: readU32(reader.take(4), 0),
    lanes: readU32(reader.take(4), 0),
  };
  if (!costIsBearable(cost)) {
    throw new KeyFileError(
      "not-a-key-file",
      `${path} asks for more work than a passphrase is worth: it is damaged`,
    );
  }
  const salt = reader.take(SALT_LENGTH);
  const nonce = reader.take(NONCE_LENGTH);
  const header = bytes.subarray(0, reader.at);
  const sealed = reader.rest(KEY_LENGTH + 16);
  return {
    kind: "locked",
    publicKey,
    comment,
    async unlock(passphrase: string): Promise<Identity> {
      const seed = await openUnderPassphrase(passphrase, cost, salt, nonce, header, sealed);
      if (seed === undefined) throw new KeyFileError("wrong-passphrase", `wrong passphrase for ${path}`);
      return checkedIdentity(seed, publicKey, path);
    },
  };
}

const BEGIN = "-----BEGIN MOSHPIT PRIVATE KEY-----";
const END = "-----END MOSHPIT PRIVATE KEY-----";
const MAGIC = ascii("moshpit-private-key");
const VERSION = 1;
const OPEN = 0;
const UNDER_PASSPHRASE = 1;
const KEY_LENGTH = 32;
const LONGEST_COMMENT = 1_024;
const LINE_LENGTH = 70;

function openKey(seed: Uint8Array, publicKey: Uint8Array, comment: string, path: string): PrivateKeyFile {
  return { kind: "open", identity: checkedIdentity(seed, publicKey, path), comment };
}

/** The stored public key must be that of the seed, or a changed file could make one sign as somebody else. */
function checkedIdentity(seed: Uint8Array, publicKey: Uint8Array, path: string): Identity {
  const identity = identityOf(seed);
  wipe(seed);
  if (!equalBytes(identity.publicKey, publicKey)) throw damaged(path);
  return identity;
}

function armoured(bytes: Uint8Array): string {
  const base64 = Buffer.from(bytes).toString("base64");
  const lines = base64.match(new RegExp(`.{1,${LINE_LENGTH}}`, "g")) ?? [];
  return [BEGIN, ...lines, END, ""].join("\n");
}

function disarmoured(text: string, path: string): Uint8Array {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const begin = lines.indexOf(BEGIN);
  const end = lines.indexOf(END);
  if (begin < 0 || end < begin) {
    if (/BEGIN OPENSSH PRIVATE KEY/.test(text)) {
      throw new KeyFileError(
        "not-a-key-file",
        `${path} is a key of OpenSSH: mp-keygen import ${shellWord(path)} makes one of moshpit of it`,
      );
    }
    const isPublic = /^moshpit /m.test(text) ? ": it is a public key" : "";
    throw new KeyFileError("not-a-key-file", `${path} is no moshpit private key${isPublic}`);
  }
  const base64 = lines.slice(begin + 1, end).join("");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw damaged(path);
  return Uint8Array.from(Buffer.from(base64, "base64"));
}

function damaged(path: string): KeyFileError {
  return new KeyFileError("not-a-key-file", `${path} is damaged: restore it from a backup or make a new key`);
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #path: string;
  at = 0;

  constructor(bytes: Uint8Array, path: string) {
    this.#bytes = bytes;
    this.#path = path;
  }

  take(length: number): Uint8Array {
    if (this.at + length > this.#bytes.length) throw damaged(this.#path);
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  /** All that is left, which must be `length` octets. */
  rest(length: number): Uint8Array {
    if (this.#bytes.length - this.at !== length) throw damaged(this.#path);
    return this.take(length);
  }
}
