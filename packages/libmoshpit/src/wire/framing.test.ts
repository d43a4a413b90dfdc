import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, PeerError, u32 } from "../util/index.js";
import { frame, FrameReader } from "./framing.js";
import { MAX_HANDSHAKE_FRAME_OCTETS } from "./limits.js";

/** All frames of a stream that arrives in these pieces. */
function readAll(reader: FrameReader, pieces: readonly Uint8Array[]): Uint8Array[] {
  return pieces.flatMap((piece) => {
    reader.push(piece);
    const bodies: Uint8Array[] = [];
    for (let body = reader.next(); body !== undefined; body = reader.next()) bodies.push(body);
    return bodies;
  });
}

describe("FrameReader", () => {
  it("gives the bodies that were framed, however the stream is cut (HS-FRM-002)", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }),
        fc.array(fc.nat(400), { maxLength: 20 }),
        (bodies, cuts) => {
          const stream = concatBytes(...bodies.map(frame));
          const at = [
            0,
            ...cuts.map((cut) => Math.min(cut, stream.length)).sort((a, b) => a - b),
            stream.length,
          ];
          const pieces = at.slice(1).map((end, i) => stream.subarray(at[i], end));
          const reader = new FrameReader(300);
          expect(readAll(reader, pieces)).toEqual(bodies);
          expect(reader.isEmpty).toBe(true);
        },
      ),
    );
  });

  it("takes a frame of exactly the limit and refuses one octet more (HS-FRM-001)", () => {
    const limit = MAX_HANDSHAKE_FRAME_OCTETS;
    expect(readAll(new FrameReader(limit), [frame(new Uint8Array(limit))])[0]?.length).toBe(limit);
    const reader = new FrameReader(limit);
    reader.push(u32(limit + 1));
    expect(() => reader.next()).toThrow(expect.objectContaining({ code: "frame-too-large" }) as PeerError);
  });

  it("allocates nothing for a length above the limit (HS-FRM-001)", () => {
    const reader = new FrameReader(16);
    reader.push(u32(0xffff_ffff));
    expect(() => reader.next()).toThrow(PeerError);
  });

  it("is not empty while it holds a part of a frame", () => {
    const reader = new FrameReader(16);
    reader.push(Uint8Array.of(0));
    expect(reader.next()).toBeUndefined();
    expect(reader.isEmpty).toBe(false);
    reader.push(Uint8Array.of(0, 0, 2, 7));
    expect(reader.next()).toBeUndefined();
    expect(reader.isEmpty).toBe(false);
    reader.push(Uint8Array.of(8, 9));
    expect(reader.next()).toEqual(Uint8Array.of(7, 8));
    expect(reader.isEmpty).toBe(false);
  });

  it("copies, so that a body stays when its input is overwritten", () => {
    const input = frame(Uint8Array.of(1, 2, 3));
    const [body] = readAll(new FrameReader(16), [input]);
    input.fill(0);
    expect(body).toEqual(Uint8Array.of(1, 2, 3));
  });
});
