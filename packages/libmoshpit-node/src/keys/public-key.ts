import { KeyFileError } from "./error.js";

/** An Ed25519 public key and whose it is. */
export interface PublicKey {
  /** 32 octets. */
  readonly publicKey: Uint8Array;
  /** Usually `user@host`; may be empty. */
  readonly comment: string;
}

/** The octets of an Ed25519 public key. */
export const PUBLIC_KEY_LENGTH = 32;

/** `moshpit <base64> user@host`, without a newline. Control characters of the comment become spaces. */
export function formatPublicKeyLine(key: PublicKey): string {
  const base64 = Buffer.from(key.publicKey).toString("base64");
  const comment = printableComment(key.comment);
  return comment === "" ? `moshpit ${base64}` : `moshpit ${base64} ${comment}`;
}

/** A comment that begins no second line and commands no terminal. */
export function printableComment(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, " ").trim();
}

/** From such a line; throws `KeyFileError` "not-a-key-file" that says what is wrong with it. */
export function parsePublicKeyLine(line: string): PublicKey {
  const parsed = publicKeyOfLine(line);
  if (typeof parsed === "string") throw new KeyFileError("not-a-key-file", parsed);
  return parsed;
}

/** From such a line, or what is wrong with it: for files of many lines, where an error for each would cost too much. */
export function publicKeyOfLine(line: string): PublicKey | string {
  const [kind = "", base64 = "", ...comment] = line.trim().split(/[ \t]+/);
  if (kind !== "moshpit") {
    const hint = kind === "ssh-ed25519" ? ": a key of OpenSSH" : "";
    return `not a line of the form "moshpit <base64> user@host"${hint}`;
  }
  const publicKey = decodeKey(base64);
  if (publicKey === undefined) return "the key is not 32 octets of base64: was the line cut or wrapped?";
  return { publicKey, comment: comment.join(" ") };
}

/** The first key of a `.pub` file's text; comments and blank lines may stand before it. */
export function parsePublicKeyFile(text: string, path: string): PublicKey {
  const line = text.split(/\r?\n/).find((each) => each.trim() !== "" && !each.trimStart().startsWith("#"));
  if (/^-----BEGIN .*PRIVATE KEY-----/m.test(text)) {
    throw new KeyFileError(
      "not-a-key-file",
      `${path} is a private key: give the public one, usually ${path}.pub`,
    );
  }
  if (line === undefined) throw new KeyFileError("not-a-key-file", `${path} holds no key`);
  try {
    return parsePublicKeyLine(line);
  } catch (error) {
    if (!(error instanceof KeyFileError)) throw error;
    throw new KeyFileError("not-a-key-file", `${path}: ${error.message}`);
  }
}

function decodeKey(base64: string): Uint8Array | undefined {
  // 32 octets are 43 characters and one =, the last two bits zero: one spelling for each key.
  if (!/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(base64)) return undefined;
  return Uint8Array.from(Buffer.from(base64, "base64"));
}
