import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { openXterm, XTERM_VERSION } from "./xterm-internals.js";

const require = createRequire(import.meta.url);

function version(name: string): unknown {
  const path = require.resolve(name).replace(/\/lib[^/]*\/[^/]*$/, "/package.json");
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
}

describe("the insides of xterm", () => {
  it("are those of the version that is pinned", () => {
    expect(version("@xterm/headless")).toBe(XTERM_VERSION);
    const own = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
      dependencies: Record<string, string>;
    };
    expect(own.dependencies["@xterm/headless"]).toBe(XTERM_VERSION);
    expect(own.dependencies["@xterm/addon-unicode11"]).toBe(version("@xterm/addon-unicode11"));
  });

  it("an upgrade that moved something is a clear error", async () => {
    const headless = (await import("@xterm/headless")) as unknown as {
      default: { Terminal: { prototype: object } };
    };
    const { prototype } = headless.default.Terminal;
    const insides = Object.getOwnPropertyDescriptor(prototype, "onBell");
    expect(insides).toBeDefined();
    const xterm = openXterm(10, 2);
    const input = Object.getPrototypeOf(xterm.input) as Record<string, unknown>;
    const moved = input["repeatPrecedingCharacter"];
    input["repeatPrecedingCharacter"] = undefined;
    try {
      expect(() => openXterm(10, 2)).toThrow(
        /@xterm\/headless is not the version 6\.0\.0 .* repeatPrecedingCharacter moved/,
      );
    } finally {
      input["repeatPrecedingCharacter"] = moved;
    }
    expect(openXterm(10, 2).input).toBeDefined();
  });

  it("parse at once, and keep no scrollback", () => {
    const xterm = openXterm(10, 2);
    const codes = Uint32Array.from("abc\n\n\n", (char) => char.charCodeAt(0));
    xterm.input._parser.parse(codes, codes.length);
    expect(xterm.bufferService.buffers.normal.ybase).toBe(0);
    expect(xterm.bufferService.buffers.normal.y).toBe(1);
  });

  it("SC-CEL-002: each code point takes the cells that Unicode 11 gives it; below U+0300 always one", () => {
    const { widthOf } = openXterm(10, 2);
    for (let code = 0x20; code < 0x300; code++) if (code < 0x7f || code > 0x9f) expect(widthOf(code)).toBe(1);
    expect([0x301, 0x200d, 0xfe0f, 0xe0100].map(widthOf)).toEqual([0, 0, 0, 0]);
    expect([0x1100, 0x3042, 0x6f22, 0xac00, 0xff21, 0x1f642, 0x20000].map(widthOf)).toEqual([
      2, 2, 2, 2, 2, 2, 2,
    ]);
    expect([0x2500, 0x20ac, 0xe000, 0x1f1e6, 0x10000].map(widthOf)).toEqual([1, 1, 1, 1, 1]);
  });
});
