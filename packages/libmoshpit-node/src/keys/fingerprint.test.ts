import { describe, expect, it } from "vitest";
import { fingerprint, randomart, randomartRows } from "./fingerprint.js";
import { OPENSSH_VECTORS } from "./openssh-vectors.js";

describe.each(OPENSSH_VECTORS)("the key $publicKey", ({ publicKey, print, image }) => {
  const key = Uint8Array.from(Buffer.from(publicKey, "base64"));

  it("has the fingerprint that ssh-keygen -l prints", () => {
    expect(fingerprint(key)).toBe(print);
  });

  it("has the image that ssh-keygen -lv prints", () => {
    expect(randomart(key)).toBe(image.join("\n"));
  });
});

describe("randomartRows", () => {
  const { image } = OPENSSH_VECTORS[0]!;
  const board = image.slice(1, -1);

  it.each([
    ["as printed", image.join("\n")],
    ["with carriage returns and indented", image.map((line) => `   ${line}\r`).join("\n")],
    ["on one line", image.join(" ")],
    ["without any separator", image.join("")],
    ["without its edges", board.join("\n")],
  ])("finds the board %s", (_, text) => {
    expect(randomartRows(text)).toEqual(board);
  });

  it.each([
    ["nothing", ""],
    ["a line too few", board.slice(1).join("\n")],
    ["a line too many", [...board, ...board.slice(0, 1)].join("\n")],
    ["a character of no image", board.join("\n").replace(/[.o+]/, "?")],
  ])("finds none in %s", (_, text) => {
    expect(randomartRows(text)).toBeUndefined();
  });
});
