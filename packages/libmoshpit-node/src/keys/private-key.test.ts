import { describe, expect, it } from "vitest";
import { KeyFileError } from "./error.js";
import { generateIdentity, identityOf, type Identity } from "./identity.js";
import { costIsBearable } from "./passphrase.js";
import { decodePrivateKey, encodePrivateKey } from "./private-key.js";

/** As cheap as Argon2id goes, for tests. */
const CHEAP = { memoryKib: 8, passes: 1, lanes: 1 };

async function unlock(text: string, passphrase: string): Promise<Identity> {
  const file = decodePrivateKey(text, "/key");
  if (file.kind !== "locked") throw new Error("not locked");
  return file.unlock(passphrase);
}

/** The text with one octet of its content changed by `change`. */
function withContent(text: string, change: (content: Buffer) => Buffer): string {
  const [begin = "", ...lines] = text.trim().split("\n");
  const end = lines.pop() ?? "";
  return [begin, change(Buffer.from(lines.join(""), "base64")).toString("base64"), end, ""].join("\n");
}

describe("an identity", () => {
  it("is that of RFC 8032, test 1", () => {
    const seed = Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex");
    const { publicKey } = identityOf(seed);
    expect(Buffer.from(publicKey).toString("hex")).toBe(
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    );
  });
});

describe("an open private key file", () => {
  it("comes back as it was written", async () => {
    const identity = generateIdentity();
    const text = await encodePrivateKey(identity, "alice@läptop", undefined);
    expect(text).toMatch(
      /^-----BEGIN MOSHPIT PRIVATE KEY-----\n[\s\S]+\n-----END MOSHPIT PRIVATE KEY-----\n$/,
    );
    expect(decodePrivateKey(text, "/key")).toEqual({ kind: "open", identity, comment: "alice@läptop" });
    expect(decodePrivateKey(text.replaceAll("\n", "\r\n"), "/key").kind).toBe("open");
  });

  it("is damaged where the two halves do not belong together", async () => {
    const text = await encodePrivateKey(generateIdentity(), "", undefined);
    const broken = withContent(text, (content) => {
      content[content.length - 1]! ^= 1;
      return content;
    });
    expect(() => decodePrivateKey(broken, "/key")).toThrow("/key is damaged");
  });

  it.each([
    ["", "/key is no moshpit private key"],
    ["moshpit AAAA a@b\n", "/key is no moshpit private key: it is a public key"],
    ["-----BEGIN OPENSSH PRIVATE KEY-----\n", "/key is a key of OpenSSH"],
    ["-----BEGIN MOSHPIT PRIVATE KEY-----\n@\n-----END MOSHPIT PRIVATE KEY-----\n", "/key is damaged"],
    ["-----BEGIN MOSHPIT PRIVATE KEY-----\nAAAA\n-----END MOSHPIT PRIVATE KEY-----\n", "/key is damaged"],
  ])("%j is none", (text, message) => {
    expect(() => decodePrivateKey(text, "/key")).toThrow(message);
  });

  it("of a later version says so", async () => {
    const text = await encodePrivateKey(generateIdentity(), "", undefined);
    const later = withContent(text, (content) => {
      content["moshpit-private-key".length] = 2;
      return content;
    });
    expect(() => decodePrivateKey(later, "/key")).toThrow("newer moshpit");
  });
});

describe("a private key file under a passphrase", () => {
  it("opens with it, however its letters are composed, and with nothing else", async () => {
    const identity = generateIdentity();
    const text = await encodePrivateKey(identity, "c", "correct horse \u00e9", CHEAP);
    expect(await unlock(text, "correct horse \u00e9")).toEqual(identity);
    expect(await unlock(text, "correct horse e\u0301")).toEqual(identity);
    for (const wrong of ["", "correct horse", "Correct horse \u00e9"]) {
      await expect(unlock(text, wrong)).rejects.toThrow(
        new KeyFileError("wrong-passphrase", "wrong passphrase for /key"),
      );
    }
    expect(decodePrivateKey(text, "/key")).toMatchObject({ publicKey: identity.publicKey, comment: "c" });
  });

  it("differs each time and does not hold the seed", async () => {
    const identity = generateIdentity();
    const one = await encodePrivateKey(identity, "", "x", CHEAP);
    expect(await encodePrivateKey(identity, "", "x", CHEAP)).not.toBe(one);
    const content = Buffer.from(one.split("\n").slice(1, -2).join(""), "base64");
    expect(content.includes(Buffer.from(identity.seed))).toBe(false);
  });

  it("opens no more after any change and any cut; nothing but KeyFileError comes of it", async () => {
    const text = await encodePrivateKey(generateIdentity(), "me", "x", CHEAP);
    const length = withLength(text);
    const changes: ((content: Buffer) => Buffer)[] = [];
    for (let at = 0; at < length; at++) {
      changes.push((content) => {
        content[at]! ^= 1 << (at % 8);
        return content;
      });
      changes.push((content) => content.subarray(0, at));
    }
    changes.push((content) => Buffer.concat([content, Buffer.of(0)]));
    for (const change of changes) {
      await expect(async () => unlock(withContent(text, change), "x")).rejects.toThrow(KeyFileError);
    }
  });

  it("asks for bounded work", () => {
    expect(costIsBearable({ memoryKib: 65_536, passes: 3, lanes: 1 })).toBe(true);
    expect(costIsBearable({ memoryKib: 262_144, passes: 4, lanes: 4 })).toBe(true);
    for (const cost of [
      { memoryKib: 262_145, passes: 1, lanes: 1 },
      { memoryKib: 262_144, passes: 5, lanes: 1 },
      { memoryKib: 8, passes: 17, lanes: 1 },
      { memoryKib: 8, passes: 0, lanes: 1 },
      { memoryKib: 8, passes: 1, lanes: 0 },
      { memoryKib: 7, passes: 1, lanes: 1 },
      { memoryKib: 2 ** 32 - 1, passes: 2 ** 32 - 1, lanes: 2 ** 32 - 1 },
    ]) {
      expect(costIsBearable(cost), JSON.stringify(cost)).toBe(false);
    }
  });

  it("opens one that was written by an earlier build", async () => {
    const identity = await unlock(FIXED, "correct horse battery staple");
    expect(Buffer.from(identity.seed).toString("hex")).toBe("000102030405060708090a0b0c0d0e0f".repeat(2));
  });
});

function withLength(text: string): number {
  return Buffer.from(text.split("\n").slice(1, -2).join(""), "base64").length;
}

/** Seed 00…0f twice, Argon2id with 64 KiB and 2 passes. */
const FIXED = `-----BEGIN MOSHPIT PRIVATE KEY-----
bW9zaHBpdC1wcml2YXRlLWtleQEBm2J3MyPvQaEYNIJBlOVRZNMl65zcwQ3dp9EK3k+9j2
0ABWZpeGVkAAAAQAAAAAIAAAABjDGIkyxNgfxj41dZeKbw1OKo1nohNvT8YX0QQKCZ4v6S
MAyvtLMcnh7PLLx0jH7eOwAXHZ5OvZy2+LiiJPWpUEVh40oFujQh7mgcvA==
-----END MOSHPIT PRIVATE KEY-----
`;
