import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EscapeKeys, type KeyAction } from "./escape-keys.js";

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const send = (text: string): KeyAction => ({ kind: "send", bytes: bytes(text) });

describe("EscapeKeys", () => {
  it.each<[string, string, readonly KeyAction[]]>([
    ["plain typing", "ls\r", [send("ls\r")]],
    ["nothing", "", []],
    ["quit", "\x1e.", [{ kind: "quit" }]],
    ["quit after typing, the rest ignored", "ab\x1e.cd", [send("ab"), { kind: "quit" }]],
    ["suspend between typing", "a\x1e\x1ab", [send("a"), { kind: "suspend" }, send("b")]],
    ["caret sends the key", "\x1e^", [send("\x1e")]],
    ["twice sends the key once", "\x1e\x1e", [send("\x1e")]],
    ["twice and a period does not quit", "\x1e\x1e.", [send("\x1e.")]],
    ["another key is sent with it", "\x1ex", [send("\x1ex")]],
    ["a lone period", ".", [send(".")]],
  ])("%s", (_name, typed, expected) => {
    expect(new EscapeKeys().feed(bytes(typed))).toEqual(expected);
  });

  it("remembers the escape key between reads", () => {
    const keys = new EscapeKeys();
    expect(keys.feed(bytes("\x1e"))).toEqual([]);
    expect(keys.pending).toBe(true);
    expect(keys.feed(bytes(""))).toEqual([]);
    expect(keys.feed(bytes("."))).toEqual([{ kind: "quit" }]);
    expect(keys.pending).toBe(false);
  });

  it("takes another escape key", () => {
    const keys = new EscapeKeys(0x1d);
    expect(keys.feed(bytes("\x1e.\x1d."))).toEqual([send("\x1e."), { kind: "quit" }]);
  });

  it("makes the same of the same octets, however they are cut", () => {
    const typed = fc.array(fc.constantFrom(0x1e, 0x2e, 0x5e, 0x1a, 0x61, 0xc3, 0xff), { maxLength: 40 });
    const flat = (actions: readonly KeyAction[]): unknown[] =>
      actions.flatMap((action): unknown[] => (action.kind === "send" ? [...action.bytes] : [action.kind]));
    fc.assert(
      fc.property(typed, fc.array(fc.nat(40)), (octets, cuts) => {
        const whole = flat(new EscapeKeys().feed(Uint8Array.from(octets)));
        const keys = new EscapeKeys();
        const pieces: unknown[] = [];
        const edges = [0, ...cuts.filter((cut) => cut < octets.length).sort((a, b) => a - b), octets.length];
        for (let i = 1; i < edges.length && !pieces.includes("quit"); i++) {
          pieces.push(...flat(keys.feed(Uint8Array.from(octets.slice(edges[i - 1], edges[i])))));
        }
        expect(pieces).toEqual(whole);
      }),
    );
  });
});
