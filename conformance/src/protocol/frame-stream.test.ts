import { describe, expect, it } from "vitest";
import { concatBytes } from "libmoshpit/util";
import { framed, FrameStream, MAX_MESSAGE } from "./frame-stream.js";

const messages = [Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(300).fill(7)];

describe("frames of the testee protocol (CF-TST-001)", () => {
  it("come out as they went in, however they are cut", () => {
    const stream = concatBytes(...messages.map(framed));
    for (const size of [1, 2, 5, 100, stream.length]) {
      const frames = new FrameStream();
      const found: Uint8Array[] = [];
      for (let at = 0; at < stream.length; at += size)
        found.push(...frames.push(Buffer.from(stream.subarray(at, at + size))));
      expect(found).toEqual(messages);
    }
  });

  it("are arrays of their own, which a Buffer's slice is not", () => {
    const input = Buffer.from(framed(messages[0]!));
    const [message] = new FrameStream().push(input);
    input.fill(0);
    expect(message).toEqual(messages[0]);
    expect(message!.slice().buffer).not.toBe(message!.buffer);
  });

  it("are refused beyond 1 MiB before any of it is there", () => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(MAX_MESSAGE + 1);
    expect(() => new FrameStream().push(length)).toThrow("1048577 octets");
  });
});
