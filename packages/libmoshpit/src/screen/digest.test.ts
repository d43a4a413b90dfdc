import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode, vtStream } from "../../test/vt-streams.js";
import { toHex } from "../util/index.js";
import { apply } from "./apply.js";
import { diff } from "./diff.js";
import { digest } from "./digest.js";
import { Emulator } from "./emulator.js";
import { emptyState, sameState } from "./state.js";

describe("the digest", () => {
  it("SC-DIG-001: equal states have equal digests, on both sides", () => {
    fc.assert(
      fc.property(vtStream, vtStream, (first, second) => {
        const emulator = new Emulator(20, 6);
        emulator.writeAll(first);
        const a = emulator.state();
        emulator.writeAll(second);
        const b = emulator.state();
        const empty = emptyState(20, 6);
        expect(digest(apply(empty, diff(empty, b)))).toEqual(digest(b));
        expect(toHex(digest(a)) === toHex(digest(b))).toBe(sameState(a, b));
      }),
      { numRuns: 150 },
    );
  });

  it("is what the chapter gives for two screens", () => {
    expect(toHex(digest(emptyState(80, 24)))).toBe("4a5e9926f52b56f5");
    const emulator = new Emulator(80, 24);
    emulator.writeAll(encode("\x1b[1;31mhello\x1b[m 漢e\u0301"));
    expect(toHex(digest(emulator.state()))).toBe("c24f7e120b529dca");
  });
});
