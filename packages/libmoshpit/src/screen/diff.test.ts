import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode, vtStream } from "../../test/vt-streams.js";
import { PeerError } from "../util/index.js";
import { apply } from "./apply.js";
import { diff } from "./diff.js";
import { Emulator } from "./emulator.js";
import { emptyState, type ScreenState } from "./state.js";

const COLUMNS = 20;
const ROWS = 10;

/** Two states of one terminal, one after the other, with a resize between them now and then. */
const twoStates: fc.Arbitrary<readonly [ScreenState, ScreenState]> = fc
  .tuple(
    vtStream,
    vtStream,
    fc.option(fc.tuple(fc.integer({ min: 2, max: 30 }), fc.integer({ min: 1, max: 14 }))),
  )
  .map(([first, second, size]) => {
    const emulator = new Emulator(COLUMNS, ROWS);
    emulator.writeAll(first);
    const before = emulator.state();
    if (size !== null) emulator.resize(...size);
    emulator.writeAll(second);
    return [before, emulator.state()];
  });

describe("diff and apply", () => {
  it("SC-DIF-001: apply(a, diff(a, b)) is b", () => {
    fc.assert(
      fc.property(twoStates, ([a, b]) => {
        expect(apply(a, diff(a, b))).toEqual(b);
        expect(apply(b, diff(b, a))).toEqual(a);
        const empty = emptyState(COLUMNS, ROWS);
        expect(apply(empty, diff(empty, b))).toEqual(b);
      }),
      { numRuns: 120 },
    );
  });

  it("the difference of a state from itself is its size", () => {
    fc.assert(
      fc.property(twoStates, ([a]) => {
        expect(diff(a, a)).toEqual(Uint8Array.of(a.columns, a.rows));
      }),
    );
  });

  it("a scrolled screen costs its new line", () => {
    const emulator = new Emulator(80, 24);
    emulator.writeAll(encode(Array.from({ length: 40 }, (_, i) => `this is line ${i}`).join("\r\n")));
    const before = emulator.state();
    emulator.writeAll(encode("\r\nthe new line"));
    const difference = diff(before, emulator.state());
    expect(difference.length).toBeLessThan(32);
    expect(apply(before, difference)).toEqual(emulator.state());
  });

  it("a screen of more attributes than are numbered", () => {
    const emulator = new Emulator(200, 60);
    const cell = (i: number): string => `\x1b[38;2;${i >> 8};${i & 255};7mx`;
    emulator.writeAll(encode(Array.from({ length: 12_000 }, (_, i) => cell(i))));
    const empty = emptyState(200, 60);
    expect(apply(empty, diff(empty, emulator.state()))).toEqual(emulator.state());
  });

  it("rows that are kept are the same objects", () => {
    const emulator = new Emulator(20, 4);
    emulator.writeAll(encode("one\r\ntwo\r\nthree"));
    const before = emulator.state();
    emulator.writeAll(encode("\r\nfour\r\nfive"));
    const after = apply(before, diff(before, emulator.state()));
    expect(after.normal.rows[0]).toBe(before.normal.rows[1]);
  });

  it("SC-DIF-002: anything else is refused as the peer's fault, and nothing else happens", () => {
    fc.assert(
      fc.property(
        twoStates,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat()),
        ([a, b], changes, cutAt) => {
          const octets = diff(a, b);
          for (const [at, value] of changes) octets[at % octets.length] = value;
          const broken = cutAt === null ? octets : octets.subarray(0, cutAt % (octets.length + 1));
          let result: ScreenState;
          try {
            result = apply(a, broken);
          } catch (error) {
            expect(error).toBeInstanceOf(PeerError);
            expect(error).toMatchObject({ code: "malformed-screen" });
            return;
          }
          // What was accepted is a state like any other: it can be written and read again.
          const empty = emptyState(2, 1);
          expect(apply(empty, diff(empty, result))).toEqual(result);
        },
      ),
      { numRuns: 250 },
    );
  });

  it("any octets are refused, or are a state", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
        try {
          apply(emptyState(COLUMNS, ROWS), Uint8Array.of(COLUMNS, ROWS, ...octets));
        } catch (error) {
          expect(error).toBeInstanceOf(PeerError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
