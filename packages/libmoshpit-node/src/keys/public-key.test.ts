import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KeyFileError } from "./error.js";
import { formatPublicKeyLine, parsePublicKeyFile, parsePublicKeyLine } from "./public-key.js";

const key = Uint8Array.from({ length: 32 }, (_, i) => i);
const BASE64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

describe("a public key line", () => {
  it("has the form moshpit <base64> user@host", () => {
    expect(formatPublicKeyLine({ publicKey: key, comment: "alice@laptop" })).toBe(
      `moshpit ${BASE64} alice@laptop`,
    );
    expect(formatPublicKeyLine({ publicKey: key, comment: "" })).toBe(`moshpit ${BASE64}`);
  });

  it("comes back as it was written, whatever the comment, on one line", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.string({ unit: "grapheme" }),
        (octets, comment) => {
          const line = formatPublicKeyLine({ publicKey: octets, comment });
          expect(line).not.toMatch(/[\r\n]/);
          expect(parsePublicKeyLine(line).publicKey).toEqual(octets);
          expect(formatPublicKeyLine(parsePublicKeyLine(line)).split(/\s+/)).toEqual(line.split(/\s+/));
        },
      ),
    );
  });

  it.each([
    "",
    "moshpit",
    `moshpit ${BASE64.slice(1)}`,
    `moshpit ${BASE64.slice(0, -1)}`,
    `moshpit ${BASE64}=`,
    // The same octets with other unused bits: a second spelling of one key.
    `moshpit ${BASE64.replace("8=", "9=")}`,
    `moshpit ${BASE64.replace("A", "-")}`,
    `Moshpit ${BASE64}`,
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINFzxQ9o/Nd3+VRk0FOBphZNI6zEwwglOTqp4cqMvXvX c1",
  ])("%j is none", (line) => {
    expect(() => parsePublicKeyLine(line)).toThrow(KeyFileError);
  });
});

describe("a public key file", () => {
  it("may have comments and blank lines before the key", () => {
    const text = `# mine\r\n\r\nmoshpit ${BASE64} a b\r\n`;
    expect(parsePublicKeyFile(text, "/k.pub")).toEqual({ publicKey: key, comment: "a b" });
  });

  it("says what it is instead", () => {
    expect(() => parsePublicKeyFile("\n", "/k.pub")).toThrow("/k.pub holds no key");
    const open = "-----BEGIN MOSHPIT PRIVATE KEY-----\n";
    expect(() => parsePublicKeyFile(open, "/k")).toThrow(
      "/k is a private key: give the public one, usually /k.pub",
    );
  });
});
