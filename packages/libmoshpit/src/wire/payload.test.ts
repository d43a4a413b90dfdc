import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, PeerError, UsageError, type Range } from "../util/index.js";
import { PayloadSchema, type Payload as WirePayload } from "./gen/moshpit/v1/packet_pb.js";
import { MAX_DATA, MAX_FRAMES, MAX_PACKET_NUMBER, MAX_SEQUENCE, SEQUENCE_WINDOW } from "./limits.js";
import type { Frame } from "./payload-frames.js";
import {
  decodePayload,
  encodeFrame,
  encodePayload,
  MAX_HEAD_LENGTH,
  MAX_RANGES_LENGTH,
  type PayloadHead,
} from "./payload.js";

const HEAD: PayloadHead = {
  cumulativeSequence: 0,
  selectiveRanges: [],
  largestPacketEnd: 0,
  receivedCount: 0,
  timestamp: 0,
  echo: undefined,
  nextSequence: 0,
  heldFrames: 0,
};
const LARGEST_HEAD: PayloadHead = {
  cumulativeSequence: MAX_SEQUENCE - SEQUENCE_WINDOW,
  selectiveRanges: [],
  largestPacketEnd: MAX_PACKET_NUMBER + 1,
  receivedCount: 0xffff,
  timestamp: 0xffff,
  echo: 0xffff,
  nextSequence: MAX_SEQUENCE,
  heldFrames: SEQUENCE_WINDOW,
};

const u16 = fc.integer({ min: 0, max: 0xffff });
const sequence = fc.oneof(fc.nat(1000), fc.integer({ min: 0, max: MAX_SEQUENCE - SEQUENCE_WINDOW }));

/** Ascending ranges that leave a gap of at least `firstGap` after `from`, inside one window. */
function rangesFrom(from: number, firstGap: number): fc.Arbitrary<Range[]> {
  const pair = fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 7 }));
  return fc.array(pair, { maxLength: 32 }).map((pairs) => {
    let at = from + firstGap - 1;
    return pairs.map(([gap, run]) => {
      const start = at + gap;
      at = start + run;
      return { start, end: at };
    });
  });
}

const head: fc.Arbitrary<PayloadHead> = sequence.chain((cumulativeSequence) =>
  fc.record({
    cumulativeSequence: fc.constant(cumulativeSequence),
    selectiveRanges: rangesFrom(cumulativeSequence, 1),
    largestPacketEnd: fc.integer({ min: 0, max: MAX_PACKET_NUMBER + 1 }),
    receivedCount: u16,
    timestamp: u16,
    echo: fc.option(u16, { nil: undefined }),
    nextSequence: sequence,
    heldFrames: fc.nat(SEQUENCE_WINDOW),
  }),
);

const size = fc.record({
  columns: fc.integer({ min: 1, max: 1000 }),
  rows: fc.integer({ min: 1, max: 1000 }),
  pixelWidth: u16,
  pixelHeight: u16,
});
const token = fc.uint8Array({ minLength: 8, maxLength: 8 });
const exit = fc.oneof(
  fc.record({ code: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ signal: fc.integer({ min: 1, max: 64 }) }),
);
const kind = <Kind extends string>(name: Kind): fc.Arbitrary<Kind> => fc.constant(name);

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    kind: kind("data"),
    sequence,
    bytes: fc.uint8Array({ maxLength: MAX_DATA }),
    standardError: fc.boolean(),
    end: fc.boolean(),
  }),
  fc.record({ kind: kind("resize"), sequence, size }),
  fc.record(
    {
      kind: kind("close"),
      sequence,
      reason: fc.constantFrom("exited", "quit", "detached", "displaced", "ended"),
      exit,
      text: fc
        .string({ minLength: 1, maxLength: 60, unit: "grapheme" })
        .filter((text) => new TextEncoder().encode(text).length <= 256),
    },
    { requiredKeys: ["kind", "sequence", "reason"] },
  ),
  sequence.chain((from) => fc.record({ kind: kind("nak"), missing: rangesFrom(from, 1) })),
  fc.record({ kind: kind("heartbeat") }),
  fc.record({ kind: kind("challenge"), token }),
  fc.record({ kind: kind("challenge-response"), token }),
);

/** A payload as another implementation might write it. */
function wire(init: Parameters<typeof create<typeof PayloadSchema>>[1]): Uint8Array {
  return toBinary(PayloadSchema, create(PayloadSchema, init));
}

function frameOf(init: NonNullable<WirePayload["frames"][number]["kind"]> | object): Uint8Array {
  return wire({ frames: [{ sequence: 0n, kind: init as never }] });
}

function expectMalformed(bytes: Uint8Array): void {
  let thrown: unknown;
  try {
    decodePayload(bytes);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(PeerError);
  expect((thrown as PeerError).code).toBe("malformed-payload");
}

describe("the payload codec", () => {
  it("FR-HEAD-001 gives back the head and the frames", () => {
    fc.assert(
      fc.property(head, fc.array(frame, { maxLength: 8 }), (given, frames) => {
        const bytes = encodePayload(given, frames.map(encodeFrame));
        expect(decodePayload(bytes)).toEqual({ ...given, frames });
      }),
      { numRuns: 300 },
    );
  });

  it("FR-PAD-001 pads up to a length, and the padding says nothing", () => {
    for (let padTo = 0; padTo < 400; padTo++) {
      const bytes = encodePayload(HEAD, [encodeFrame({ kind: "heartbeat" })], padTo);
      const bare = encodePayload(HEAD, [encodeFrame({ kind: "heartbeat" })]).length;
      expect(bytes.length).toBeLessThanOrEqual(Math.max(padTo, bare));
      expect(bytes.length).toBeGreaterThanOrEqual(Math.min(padTo - 1, Math.max(padTo - 1, bare)));
      expect(decodePayload(bytes)).toEqual({ ...HEAD, frames: [{ kind: "heartbeat" }] });
    }
    expect(encodePayload(HEAD, [], 1103).length).toBe(1103);
  });

  it("FR-HEAD-001 never makes a head longer than its published length", () => {
    expect(encodePayload(LARGEST_HEAD, []).length).toBeLessThanOrEqual(MAX_HEAD_LENGTH);
    const selectiveRanges = Array.from({ length: 32 }, (_, i) => {
      const start = LARGEST_HEAD.cumulativeSequence + 16 * i + 8;
      return { start, end: start + 8 };
    });
    const longest = encodePayload({ ...LARGEST_HEAD, selectiveRanges }, []).length;
    expect(longest).toBeLessThanOrEqual(MAX_HEAD_LENGTH + MAX_RANGES_LENGTH);
  });

  it("FR-HEAD-003 skips fields and frames that it does not know", () => {
    const unknownField = Uint8Array.of(((100 << 3) & 0x7f) | 0x80, (100 << 3) >>> 7, 5);
    const unknownFrame = Uint8Array.of((9 << 3) | 2, 3, 0xa0, 0x06, 1);
    const heartbeat = encodeFrame({ kind: "heartbeat" });
    const bytes = concatBytes(encodePayload(HEAD, []), unknownField, unknownFrame, heartbeat);
    expect(decodePayload(bytes).frames).toEqual([{ kind: "heartbeat" }]);
    const screen = wire({ frames: [{ kind: { case: "screenState", value: { part: 1 } } }] });
    expect(decodePayload(screen).frames).toEqual([]);
  });

  it("FR-HEAD-003 takes at most 256 frames", () => {
    const frames = (count: number): { kind: { case: "heartbeat"; value: object } }[] =>
      Array.from({ length: count }, () => ({ kind: { case: "heartbeat", value: {} } }));
    expect(decodePayload(wire({ frames: frames(MAX_FRAMES) })).frames).toHaveLength(MAX_FRAMES);
    expectMalformed(wire({ frames: frames(MAX_FRAMES + 1) }));
    const encoded = Array.from({ length: MAX_FRAMES + 1 }, () => encodeFrame({ kind: "heartbeat" }));
    expect(() => encodePayload(HEAD, encoded)).toThrow(UsageError);
  });

  it.each([
    ["a cumulative_sequence above 2^53 - 1", { cumulativeSequence: 2n ** 53n }],
    ["a next_sequence above 2^53 - 1", { nextSequence: 2n ** 64n - 1n }],
    ["a largest_packet_end above 2^48", { largestPacketEnd: 2n ** 48n + 1n }],
    ["a received_count above 2^16 - 1", { receivedCount: 2 ** 16 }],
    ["held_frames above 512", { heldFrames: 513 }],
  ])("FR-HEAD-001 refuses %s", (_what, init) => {
    expectMalformed(wire(init));
  });

  it.each([
    ["half a pair", [1n]],
    ["a gap of 0", [0n, 1n]],
    ["a run of 0", [1n, 0n]],
    ["a later gap of 0", [1n, 1n, 0n, 1n]],
    ["33 pairs", Array.from({ length: 66 }, () => 1n)],
    ["more than the window", [500n, 13n]],
    ["a length of 2^64 - 1", [1n, 2n ** 64n - 1n]],
  ])("FR-RANGE-001 refuses %s", (_what, selectiveRanges) => {
    expectMalformed(wire({ selectiveRanges }));
    const refusedInNak = selectiveRanges[0] !== 0n || selectiveRanges.length !== 2;
    const nak = frameOf({ case: "nak", value: { ranges: selectiveRanges, first: 0n } });
    if (refusedInNak) expectMalformed(nak);
    else expect(decodePayload(nak).frames).toEqual([{ kind: "nak", missing: [{ start: 0, end: 1 }] }]);
  });

  it.each([
    ["FR-DATA-001 Data of 1025 octets", { case: "data", value: { bytes: new Uint8Array(1025) } }],
    ["FR-RESIZE-001 a Resize without a size", { case: "resize", value: {} }],
    ["FR-RESIZE-001 0 columns", { case: "resize", value: { size: { columns: 0, rows: 24 } } }],
    ["FR-RESIZE-001 1001 rows", { case: "resize", value: { size: { columns: 80, rows: 1001 } } }],
    [
      "FR-RESIZE-001 65536 pixels",
      { case: "resize", value: { size: { columns: 80, rows: 24, pixelWidth: 65536 } } },
    ],
    [
      "FR-CLOSE-001 a text of 257 octets",
      { case: "close", value: { reason: 1, text: "é".repeat(128) + "e" } },
    ],
    [
      "FR-CLOSE-001 exit code 256",
      { case: "close", value: { reason: 1, exit: { status: { case: "code", value: 256 } } } },
    ],
    [
      "FR-CLOSE-001 signal 0",
      { case: "close", value: { reason: 1, exit: { status: { case: "signal", value: 0 } } } },
    ],
    [
      "FR-CLOSE-001 signal 65",
      { case: "close", value: { reason: 1, exit: { status: { case: "signal", value: 65 } } } },
    ],
    ["FR-CHALLENGE-001 a token of 7 octets", { case: "challenge", value: { token: new Uint8Array(7) } }],
    [
      "FR-CHALLENGE-001 a response of 9 octets",
      { case: "challengeResponse", value: { token: new Uint8Array(9) } },
    ],
    ["FR-NAK-001 a first above 2^53 - 1", { case: "nak", value: { first: 2n ** 53n } }],
  ])("refuses: %s", (_what, init) => {
    expectMalformed(frameOf(init));
  });

  it("FR-CLOSE-001 takes a reason that it does not know as unknown", () => {
    const bytes = frameOf({ case: "close", value: { reason: 77 } });
    expect(decodePayload(bytes).frames).toEqual([{ kind: "close", sequence: 0, reason: "unknown" }]);
  });

  it("FR-HEAD-004 throws the one error on octets that are no payload, and no other", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1103 }), (noise) => {
        try {
          decodePayload(noise);
        } catch (error) {
          expect(error).toBeInstanceOf(PeerError);
          expect((error as PeerError).code).toBe("malformed-payload");
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("FR-HEAD-004 throws the one error on payloads that were changed", () => {
    fc.assert(
      fc.property(
        head,
        fc.array(frame, { maxLength: 4 }),
        fc.nat(),
        fc.nat(255),
        (given, frames, where, octet) => {
          const bytes = encodePayload(given, frames.map(encodeFrame));
          bytes[where % bytes.length] = octet;
          try {
            decodePayload(bytes.subarray(0, bytes.length - (where % 3)));
          } catch (error) {
            expect(error).toBeInstanceOf(PeerError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("refuses to write what the peer would not accept", () => {
    const tooLong = new Uint8Array(MAX_DATA + 1);
    expect(() =>
      encodeFrame({ kind: "data", sequence: 0, bytes: tooLong, standardError: false, end: false }),
    ).toThrow(UsageError);
    const flat = { columns: 0, rows: 1, pixelWidth: 0, pixelHeight: 0 };
    expect(() => encodeFrame({ kind: "resize", sequence: 0, size: flat })).toThrow(UsageError);
    expect(() => encodeFrame({ kind: "close", sequence: 0, reason: "unknown" })).toThrow(UsageError);
    expect(() => encodeFrame({ kind: "close", sequence: 0, reason: "exited", exit: { code: -1 } })).toThrow(
      UsageError,
    );
    expect(() => encodeFrame({ kind: "close", sequence: 0, reason: "ended", text: "x".repeat(257) })).toThrow(
      UsageError,
    );
  });
});
