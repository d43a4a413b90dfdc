import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, UsageError } from "../util/index.js";
import type { WindowSize } from "../wire/index.js";
import { Pending } from "./pending.js";

interface Part {
  readonly bytes: Uint8Array;
  readonly standardError: boolean;
}

const size = (columns: number): WindowSize => ({ columns, rows: 24, pixelWidth: 0, pixelHeight: 0 });

/** The octets of one stream. */
const streamOf = (parts: readonly Part[], error: boolean): Uint8Array =>
  concatBytes(...parts.filter((part) => part.standardError === error).map((part) => part.bytes));

describe("what waits to be sent", () => {
  it("TR-SEND-001 comes out as it went in, however it is cut", () => {
    const chunk = fc.record({ bytes: fc.uint8Array({ maxLength: 50 }), standardError: fc.boolean() });
    const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(chunk), cuts, (chunks, lengths) => {
        const pending = new Pending();
        for (const { bytes, standardError } of chunks) pending.write(bytes, standardError);
        expect(pending.octets).toBe(chunks.reduce((sum, { bytes }) => sum + bytes.length, 0));
        const out: Part[] = [];
        for (let i = 0; !pending.empty; i++) {
          const length = lengths[i % lengths.length]!;
          const frame = pending.take(length);
          if (frame?.kind !== "data" || frame.bytes.length === 0) throw new Error("no octets");
          expect(frame.bytes.length).toBeLessThanOrEqual(length);
          out.push(frame);
        }
        for (const error of [true, false]) expect(streamOf(out, error)).toEqual(streamOf(chunks, error));
        expect(pending.octets).toBe(0);
      }),
    );
  });

  it("TR-SEND-001 keeps the last of neighbouring Resizes, and their place among octets", () => {
    const pending = new Pending();
    pending.resize(size(1));
    pending.resize(size(2));
    pending.write(Uint8Array.of(1), false);
    pending.resize(size(3));
    expect(pending.take(9)).toEqual({ kind: "resize", size: size(2) });
    expect(pending.take(9)).toMatchObject({ kind: "data" });
    expect(pending.take(9)).toEqual({ kind: "resize", size: size(3) });
    expect(pending.take(9)).toBeUndefined();
  });

  it("FR-DATA-002 ends a stream with its last octets, and takes none after", () => {
    const pending = new Pending();
    pending.write(Uint8Array.of(1, 2, 3), false);
    pending.end(false);
    expect(() => pending.write(Uint8Array.of(4), false)).toThrow(UsageError);
    expect(pending.take(2)).toMatchObject({ end: false });
    expect(pending.take(2)).toMatchObject({ end: true, bytes: Uint8Array.of(3) });
    expect(() => pending.write(Uint8Array.of(4), false)).toThrow(UsageError);
    pending.end(false);
    pending.end(true);
    expect(pending.take(2)).toMatchObject({ end: true, standardError: true, bytes: new Uint8Array(0) });
    expect(pending.empty).toBe(true);
  });
});
