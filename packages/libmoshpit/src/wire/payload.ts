import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { concatBytes, UsageError, type Range } from "../util/index.js";
import { PayloadSchema, type Payload as WirePayload } from "./gen/moshpit/v1/packet_pb.js";
import { MAX_FRAMES, MAX_PACKET_NUMBER, SEQUENCE_WINDOW } from "./limits.js";
import { malformed, serializeFrame, typedFrame, typedInteger, type Frame } from "./payload-frames.js";
import { decodeRanges, encodeRanges } from "./payload-ranges.js";

/** What a packet says of its sender's state: spec/06-frames.md, FR-HEAD. */
export interface PayloadHead {
  readonly cumulativeSequence: number;
  readonly selectiveRanges: readonly Range[];
  readonly largestPacketEnd: number;
  /** Modulo 2^16. */
  readonly receivedCount: number;
  /** Milliseconds modulo 2^16. */
  readonly timestamp: number;
  /** Milliseconds modulo 2^16. */
  readonly echo: number | undefined;
  readonly nextSequence: number;
  readonly heldFrames: number;
}

/** The plaintext of a packet, checked. */
export interface Payload extends PayloadHead {
  /** Those that this version knows. */
  readonly frames: readonly Frame[];
}

/** A frame as it stands in a payload, so that a frame that is sent again is not encoded again. */
export type EncodedFrame = Uint8Array & { readonly [encodedFrameBrand]: true };
declare const encodedFrameBrand: unique symbol;

const FRAMES_TAG = (9 << 3) | 2;
const PADDING_TAG = (10 << 3) | 2;

/** Octets of the longest head without selective ranges. */
export const MAX_HEAD_LENGTH = 41;
/** Octets of the longest selective ranges. */
export const MAX_RANGES_LENGTH = 131;

/** One frame as it stands in a payload. Throws `UsageError` on a value out of range. */
export function encodeFrame(frame: Frame): EncodedFrame {
  return delimited(FRAMES_TAG, serializeFrame(frame)) as EncodedFrame;
}

/**
 * The plaintext of a packet. `padTo` fills it up to that many octets (one less where the length of the padding's
 * length leaves no choice). Throws `UsageError` on too many frames.
 */
export function encodePayload(head: PayloadHead, frames: readonly EncodedFrame[], padTo = 0): Uint8Array {
  if (frames.length > MAX_FRAMES) throw new UsageError(`${frames.length} frames`);
  const parts = [encodeHead(head), ...frames];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (padTo - length >= 2) parts.push(padding(padTo - length));
  return concatBytes(...parts);
}

/** The typed payload. Throws `PeerError` "malformed-payload", and nothing else, on anything that is not one. */
export function decodePayload(bytes: Uint8Array): Payload {
  const wire = parse(bytes);
  if (wire.frames.length > MAX_FRAMES) throw malformed("too many frames");
  const cumulativeSequence = typedInteger(wire.cumulativeSequence, "cumulative_sequence");
  const largestPacketEnd = typedInteger(wire.largestPacketEnd, "largest_packet_end");
  if (largestPacketEnd > MAX_PACKET_NUMBER + 1) throw malformed("largest_packet_end is out of range");
  if (wire.receivedCount > 0xffff) throw malformed("received_count is out of range");
  if (wire.heldFrames > SEQUENCE_WINDOW) throw malformed("held_frames is out of range");
  return {
    cumulativeSequence,
    selectiveRanges: decodeRanges(wire.selectiveRanges, cumulativeSequence, "from-1"),
    largestPacketEnd,
    receivedCount: wire.receivedCount,
    timestamp: wire.timestamps >>> 16,
    echo: wire.hasEcho ? wire.timestamps & 0xffff : undefined,
    nextSequence: typedInteger(wire.nextSequence, "next_sequence"),
    heldFrames: wire.heldFrames,
    frames: wire.frames.map(typedFrame).filter((frame) => frame !== undefined),
  };
}

function encodeHead(head: PayloadHead): Uint8Array {
  return toBinary(
    PayloadSchema,
    create(PayloadSchema, {
      cumulativeSequence: BigInt(head.cumulativeSequence),
      selectiveRanges: encodeRanges(head.selectiveRanges, head.cumulativeSequence),
      largestPacketEnd: BigInt(head.largestPacketEnd),
      receivedCount: head.receivedCount,
      timestamps: ((head.timestamp << 16) | (head.echo ?? 0)) >>> 0,
      hasEcho: head.echo !== undefined,
      nextSequence: BigInt(head.nextSequence),
      heldFrames: head.heldFrames,
    }),
  );
}

function parse(bytes: Uint8Array): WirePayload {
  try {
    return fromBinary(PayloadSchema, bytes, { readUnknownFields: false });
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : "not a payload");
  }
}

/** A field with a length in front of its octets. */
function delimited(tag: number, content: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(tag, ...varint(content.length)), content);
}

/** A padding field of `length` octets in all, at least 2. */
function padding(length: number): Uint8Array {
  const lengthOctets = length - 2 < 128 ? 1 : 2;
  const content = Math.min(length - 1 - lengthOctets, lengthOctets === 1 ? 127 : length);
  return delimited(PADDING_TAG, new Uint8Array(content));
}

function varint(value: number): number[] {
  const octets: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...octets, rest];
    octets.push((rest % 128) | 128);
  }
}
