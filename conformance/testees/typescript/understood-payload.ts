import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Range } from "libmoshpit/util";
import type { CloseFrame, Frame, Payload } from "libmoshpit/wire";
import { CloseReason, type FrameSchema, type PayloadSchema } from "../../src/gen/moshpit/v1/packet_pb.js";

type PayloadInit = MessageInitShape<typeof PayloadSchema>;
type FrameInit = MessageInitShape<typeof FrameSchema>;

/** The reasons of a Close as they travel. */
export const WIRE_REASONS: Readonly<Record<CloseFrame["reason"], CloseReason>> = {
  exited: CloseReason.EXITED,
  quit: CloseReason.QUIT,
  detached: CloseReason.DETACHED,
  displaced: CloseReason.DISPLACED,
  ended: CloseReason.ENDED,
  unknown: CloseReason.UNSPECIFIED,
};

/** A decoded payload as a message again, whatever was not understood left out. */
export function understoodPayload(payload: Payload): PayloadInit {
  const { cumulativeSequence, timestamp, echo } = payload;
  return {
    cumulativeSequence: BigInt(cumulativeSequence),
    selectiveRanges: lengths(payload.selectiveRanges, cumulativeSequence),
    largestPacketEnd: BigInt(payload.largestPacketEnd),
    receivedCount: payload.receivedCount,
    timestamps: ((timestamp << 16) | (echo ?? 0)) >>> 0,
    hasEcho: echo !== undefined,
    nextSequence: BigInt(payload.nextSequence),
    heldFrames: payload.heldFrames,
    frames: payload.frames.map(frameInit),
  };
}

/** A Close as it travels. */
export function closeInit({ reason, exit, text = "" }: Omit<CloseFrame, "kind">): object {
  const status =
    exit === undefined
      ? undefined
      : "code" in exit
        ? { case: "code", value: exit.code }
        : { case: "signal", value: exit.signal };
  return { reason: WIRE_REASONS[reason], text, ...(status && { exit: { status } }) };
}

function frameInit(frame: Frame): FrameInit {
  const sequence = "sequence" in frame ? BigInt(frame.sequence) : 0n;
  switch (frame.kind) {
    case "data": {
      const { bytes, standardError, end } = frame;
      return { sequence, kind: { case: "data", value: { bytes, standardError, end } } };
    }
    case "resize":
      return { sequence, kind: { case: "resize", value: { size: frame.size } } };
    case "close":
      return { sequence, kind: { case: "close", value: closeInit(frame) } };
    case "nak": {
      const first = frame.missing[0]?.start ?? 0;
      const value = { first: BigInt(first), ranges: lengths(frame.missing, first) };
      return { kind: { case: "nak", value } };
    }
    case "heartbeat":
      return { kind: { case: "heartbeat", value: {} } };
    case "challenge":
      return { kind: { case: "challenge", value: { token: frame.token } } };
    case "challenge-response":
      return { kind: { case: "challengeResponse", value: { token: frame.token } } };
  }
}

function lengths(ranges: readonly Range[], from: number): bigint[] {
  let at = from;
  return ranges.flatMap(({ start, end }) => {
    const pair = [BigInt(start - at), BigInt(end - start)];
    at = end;
    return pair;
  });
}
