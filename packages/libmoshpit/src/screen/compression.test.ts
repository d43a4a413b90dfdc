import { deflateSync } from "fflate";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { vtStream } from "../../test/vt-streams.js";
import { PeerError } from "../util/index.js";
import { compress, decompress } from "./compression.js";

describe("compression of differences", () => {
  it("decompress(compress(x)) is x, and never longer", () => {
    fc.assert(
      fc.property(fc.oneof(vtStream, fc.uint8Array({ maxLength: 3_000 })), (octets) => {
        const compressed = compress(octets);
        expect(decompress(compressed)).toEqual(octets);
        expect(compressed.octets.length).toBeLessThanOrEqual(octets.length);
      }),
    );
  });

  it("SC-DIF-003: inflates no more than was announced, and not above the limit", () => {
    const bomb = deflateSync(new Uint8Array(50_000_000));
    for (const inflatedOctets of [1, 1_000, 4_194_304, 4_194_305, 50_000_000]) {
      expect(() => decompress({ octets: bomb, inflatedOctets })).toThrow(PeerError);
    }
    const short = deflateSync(new Uint8Array(100));
    expect(() => decompress({ octets: short, inflatedOctets: 101 })).toThrow(/less than was announced/);
    expect(decompress({ octets: short, inflatedOctets: 100 })).toEqual(new Uint8Array(100));
  });

  it("anything that is not deflated is the peer's fault", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.integer({ min: 1, max: 500 }),
        (octets, inflatedOctets) => {
          try {
            expect(decompress({ octets, inflatedOctets }).length).toBe(inflatedOctets);
          } catch (error) {
            expect(error).toBeInstanceOf(PeerError);
            expect(error).toMatchObject({ code: "malformed-screen" });
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
