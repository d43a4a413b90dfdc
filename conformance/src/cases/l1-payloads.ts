import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { concatBytes, equalBytes } from "libmoshpit/util";
import { PayloadSchema } from "../gen/moshpit/v1/packet_pb.js";
import { must, type CaseContext, type CaseDefinition } from "../run/case.js";
import { mustBe } from "./check.js";

type PayloadInit = MessageInitShape<typeof PayloadSchema>;
type FrameInit = NonNullable<PayloadInit["frames"]>[number];

/** A payload as it is written down: a message, or octets that are none. */
type Written = PayloadInit | Uint8Array;

const encoded = (init: Written): Uint8Array =>
  init instanceof Uint8Array ? init : toBinary(PayloadSchema, create(PayloadSchema, init));

async function refused(
  { testee }: CaseContext,
  requirement: string,
  payloads: readonly (readonly [string, Written])[],
): Promise<void> {
  for (const [what, init] of payloads) {
    const { error } = await testee.ask("decodePayload", { octets: encoded(init) });
    mustBe(error, "malformed-payload", requirement, what);
  }
}

/** Accepted, and understood as `as`, or as it was written. */
async function understood(
  { testee }: CaseContext,
  requirement: string,
  payloads: readonly (readonly [string, Written, PayloadInit?])[],
): Promise<void> {
  for (const [what, init, as] of payloads) {
    const answer = await testee.ask("decodePayload", { octets: encoded(init) });
    mustBe(answer.error, "", requirement, what);
    const expected = encoded(as ?? init);
    const found = toBinary(PayloadSchema, answer.understood ?? create(PayloadSchema));
    // Both are encoded by the runner: the testee's own octets do not matter.
    const canonical = toBinary(PayloadSchema, fromBinary(PayloadSchema, expected));
    must(equalBytes(found, canonical), requirement, `${what}: it was understood as something else`);
  }
}

const data = (sequence: bigint, length: number): FrameInit => ({
  sequence,
  kind: { case: "data", value: { bytes: new Uint8Array(length).fill(0x61) } },
});
const resize = (columns: number, rows: number, pixelWidth = 0, pixelHeight = 0): FrameInit => ({
  sequence: 0n,
  kind: { case: "resize", value: { size: { columns, rows, pixelWidth, pixelHeight } } },
});
const nak = (first: bigint, ...ranges: bigint[]): FrameInit => ({
  kind: { case: "nak", value: { first, ranges } },
});
const close = (value: object): FrameInit => ({ sequence: 0n, kind: { case: "close", value } });
const challenge = (length: number): FrameInit => ({
  kind: { case: "challenge", value: { token: new Uint8Array(length) } },
});
const frames = (...list: FrameInit[]): PayloadInit => ({ frames: list });
const repeated = <Value>(count: number, value: Value): Value[] => Array.from({ length: count }, () => value);
/** Pairs of gaps and runs of one. */
const pairs = (count: number): bigint[] => repeated(2 * count, 1n);

const MAX = 2n ** 53n - 1n;

/** Decoding a packet's plaintext: chapter 6. Each refusal has a twin that is just inside the bound. */
export const PAYLOAD_CASES: readonly CaseDefinition[] = [
  {
    name: "payload/head-bounds",
    level: 1,
    requirements: ["FR-HEAD-001"],
    about: "each number of the head at its bound is taken, beyond it refused",
    run: async (context) => {
      await understood(context, "FR-HEAD-001", [
        ["an empty payload", new Uint8Array(0), {}],
        ["cumulative_sequence of 2^53 - 1", { cumulativeSequence: MAX }],
        ["next_sequence of 2^53 - 1", { nextSequence: MAX }],
        ["largest_packet_end of 2^48", { largestPacketEnd: 2n ** 48n }],
        ["received_count of 2^16 - 1", { receivedCount: 0xffff }],
        ["held_frames of 512", { heldFrames: 512 }],
        ["timestamps of 2^32 - 1 with an echo", { timestamps: 0xffffffff, hasEcho: true }],
      ]);
      await refused(context, "FR-HEAD-001", [
        ["cumulative_sequence of 2^53", { cumulativeSequence: MAX + 1n }],
        ["cumulative_sequence of 2^64 - 1", { cumulativeSequence: 2n ** 64n - 1n }],
        ["next_sequence of 2^53", { nextSequence: MAX + 1n }],
        ["largest_packet_end of 2^48 + 1", { largestPacketEnd: 2n ** 48n + 1n }],
        ["received_count of 2^16", { receivedCount: 0x10000 }],
        ["held_frames of 513", { heldFrames: 513 }],
      ]);
    },
  },
  {
    name: "payload/selective-ranges",
    level: 1,
    requirements: ["FR-RANGE-001"],
    about: "ranges are whole pairs of lengths from 1, at most 32, and end within the window",
    run: async (context) => {
      await understood(context, "FR-RANGE-001", [
        ["the example of 6.2", { cumulativeSequence: 10n, selectiveRanges: [2n, 3n, 1n, 1n] }],
        ["32 pairs", { selectiveRanges: pairs(32) }],
        ["an end at 512", { cumulativeSequence: 7n, selectiveRanges: [1n, 511n] }],
      ]);
      await refused(context, "FR-RANGE-001", [
        ["half a pair", { selectiveRanges: [2n, 3n, 1n] }],
        ["33 pairs", { selectiveRanges: pairs(33) }],
        ["a gap of 0", { selectiveRanges: [0n, 1n] }],
        ["a run of 0", { selectiveRanges: [1n, 0n] }],
        ["an end at 513", { cumulativeSequence: 7n, selectiveRanges: [1n, 512n] }],
        ["a length of 2^64 - 1", { selectiveRanges: [1n, 2n ** 64n - 1n] }],
        ["a sum beyond 2^64", { selectiveRanges: [2n ** 63n, 2n ** 63n, 1n, 1n] }],
      ]);
    },
  },
  {
    name: "payload/nak-ranges",
    level: 1,
    requirements: ["FR-RANGE-001", "FR-NAK-001"],
    about: "the first gap of a Nak may be 0, no other length; a Nak without ranges is no fault",
    run: async (context) => {
      await understood(context, "FR-RANGE-001", [
        ["a first gap of 0", frames(nak(5n, 0n, 2n, 1n, 1n))],
        ["a run of 512", frames(nak(5n, 0n, 512n))],
      ]);
      await understood(context, "FR-NAK-001", [["no ranges", frames(nak(0n))]]);
      await refused(context, "FR-RANGE-001", [
        ["a second gap of 0", frames(nak(5n, 0n, 2n, 0n, 1n))],
        ["a run of 0", frames(nak(5n, 0n, 0n))],
        ["a run of 513", frames(nak(5n, 0n, 513n))],
        ["33 pairs", frames(nak(0n, ...pairs(33)))],
        ["half a pair", frames(nak(0n, 0n))],
        ["a first of 2^53", frames(nak(MAX + 1n, 0n, 1n))],
      ]);
    },
  },
  {
    name: "payload/data-bounds",
    level: 1,
    requirements: ["FR-DATA-001"],
    about: "Data of 0 to 1024 octets is taken, of 1025 refused",
    run: async (context) => {
      await understood(context, "FR-DATA-001", [
        ["no octets", frames(data(1n, 0))],
        ["1024 octets", frames(data(1n, 1024))],
        ["the last sequence number", frames(data(MAX, 1))],
      ]);
      await refused(context, "FR-DATA-001", [
        ["1025 octets", frames(data(1n, 1025))],
        ["a sequence number of 2^53", frames(data(MAX + 1n, 1))],
        ["one possible frame beside it", frames(data(1n, 1), data(2n, 1025))],
      ]);
    },
  },
  {
    name: "payload/resize-bounds",
    level: 1,
    requirements: ["FR-RESIZE-001"],
    about: "1 to 1000 cells and 0 to 65535 pixels are taken, anything else refused",
    run: async (context) => {
      await understood(context, "FR-RESIZE-001", [
        ["1x1", frames(resize(1, 1))],
        ["1000x1000 of 65535 pixels", frames(resize(1000, 1000, 65535, 65535))],
      ]);
      await refused(context, "FR-RESIZE-001", [
        ["0 columns", frames(resize(0, 24))],
        ["0 rows", frames(resize(80, 0))],
        ["1001 columns", frames(resize(1001, 24))],
        ["1001 rows", frames(resize(80, 1001))],
        ["65536 pixels wide", frames(resize(80, 24, 65536))],
        ["65536 pixels high", frames(resize(80, 24, 0, 65536))],
        ["no size", frames({ sequence: 0n, kind: { case: "resize", value: {} } })],
      ]);
    },
  },
  {
    name: "payload/close-bounds",
    level: 1,
    requirements: ["FR-CLOSE-001"],
    about: "exit codes to 255, signals 1 to 64 and 256 octets of text are taken, beyond them refused",
    run: async (context) => {
      const exit = (name: "code" | "signal", value: number): FrameInit =>
        close({ reason: 1, exit: { status: { case: name, value } } });
      await understood(context, "FR-CLOSE-001", [
        ["code 255", frames(exit("code", 255))],
        ["signal 64", frames(exit("signal", 64))],
        ["256 octets of text", frames(close({ reason: 5, text: "é".repeat(128) }))],
      ]);
      const reasonOnly = await context.testee.ask("decodePayload", {
        octets: encoded(frames(close({ reason: 99 }))),
      });
      mustBe(reasonOnly.error, "", "FR-CLOSE-001", "a reason that is not known");
      await refused(context, "FR-CLOSE-001", [
        ["code 256", frames(exit("code", 256))],
        ["signal 0", frames(exit("signal", 0))],
        ["signal 65", frames(exit("signal", 65))],
        ["257 octets of text", frames(close({ reason: 5, text: "é".repeat(128) + "!" }))],
      ]);
    },
  },
  {
    name: "payload/challenge-length",
    level: 1,
    requirements: ["FR-CHALLENGE-001"],
    about: "tokens of 8 octets are taken, any other length refused",
    run: async (context) => {
      const response = (length: number): FrameInit => ({
        kind: { case: "challengeResponse", value: { token: new Uint8Array(length).fill(7) } },
      });
      await understood(context, "FR-CHALLENGE-001", [
        ["a Challenge of 8", frames(challenge(8))],
        ["a ChallengeResponse of 8", frames(response(8))],
      ]);
      for (const length of [0, 7, 9, 64])
        await refused(context, "FR-CHALLENGE-001", [
          [`a Challenge of ${length}`, frames(challenge(length))],
          [`a ChallengeResponse of ${length}`, frames(response(length))],
        ]);
    },
  },
  {
    name: "payload/frame-count",
    level: 1,
    requirements: ["FR-HEAD-003"],
    about: "256 frames are taken, 257 refused",
    run: async (context) => {
      const heartbeat: FrameInit = { kind: { case: "heartbeat", value: {} } };
      await understood(context, "FR-HEAD-003", [["256 frames", frames(...repeated(256, heartbeat))]]);
      await refused(context, "FR-HEAD-003", [["257 frames", frames(...repeated(257, heartbeat))]]);
    },
  },
  {
    name: "payload/unknown-is-skipped",
    level: 1,
    requirements: ["FR-HEAD-003", "FR-PAD-001"],
    about: "unknown fields, unknown frames and padding are passed over, what stands beside them is not",
    run: async (context) => {
      const known: PayloadInit = { nextSequence: 2n, ...frames(data(1n, 3)) };
      const field = Uint8Array.of(0xfa, 0x3f, 2, 1, 1);
      const unknownFrame = Uint8Array.of(0x4a, 4, 0xa2, 0x06, 1, 9);
      await understood(context, "FR-HEAD-003", [
        ["an unknown field", concatBytes(encoded(known), field), known],
        ["an unknown frame", concatBytes(unknownFrame, encoded(known)), known],
      ]);
      const padded = encoded({ ...known, padding: new Uint8Array(900).fill(0xff) });
      await understood(context, "FR-PAD-001", [["padding that is not zeros", padded, known]]);
    },
  },
  {
    name: "payload/not-a-payload",
    level: 1,
    requirements: ["FR-HEAD-004"],
    about: "octets that are no message are refused: cut short, of a wrong wire type, an endless varint",
    run: async (context) => {
      const good = encoded({ nextSequence: 2n, ...frames(data(1n, 30)) });
      await refused(context, "FR-HEAD-004", [
        ["octets cut short", good.subarray(0, -1)],
        ["a lone tag", Uint8Array.of(0x08)],
        ["a varint of 11 octets", Uint8Array.of(0x08, ...repeated(10, 0xff), 1)],
        ["a length beyond the end", Uint8Array.of(0x4a, 0x7f, 0x01)],
        ["field number 0", Uint8Array.of(0x00, 0x01)],
        ["a group's end", Uint8Array.of(0x0c)],
      ]);
    },
  },
];
