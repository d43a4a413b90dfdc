import { create, toBinary } from "@bufbuild/protobuf";
import { PeerError, UsageError, type Range } from "../util/index.js";
import {
  CloseReason as WireReason,
  FrameSchema,
  type Close as WireClose,
  type Data as WireData,
  type Frame as WireFrame,
  type Nak as WireNak,
  type Resize as WireResize,
} from "./gen/moshpit/v1/packet_pb.js";
import {
  CHALLENGE_LENGTH,
  MAX_TERMINAL_CELLS,
  MAX_CLOSE_TEXT,
  MAX_DATA,
  MAX_TERMINAL_PIXELS,
  MAX_SEQUENCE,
} from "./limits.js";
import { decodeRanges, encodeRanges } from "./payload-ranges.js";

/** The size of a terminal; pixels are 0 where not known. */
export interface WindowSize {
  readonly columns: number;
  readonly rows: number;
  readonly pixelWidth: number;
  readonly pixelHeight: number;
}

/** Why a session or attachment ends (spec/06-frames.md, Close). */
export type CloseReason = "exited" | "quit" | "detached" | "displaced" | "ended";

/** How a program ended: exit code 0 to 255, or the number of the signal, 1 to 64. */
export type ExitStatus = { readonly code: number } | { readonly signal: number };

export interface DataFrame {
  readonly kind: "data";
  readonly bytes: Uint8Array;
  readonly standardError: boolean;
  readonly end: boolean;
}

export interface ResizeFrame {
  readonly kind: "resize";
  readonly size: WindowSize;
}

export interface CloseFrame {
  readonly kind: "close";
  /** `unknown` where a newer peer gives a reason that this version does not know. */
  readonly reason: CloseReason | "unknown";
  readonly exit?: ExitStatus;
  readonly text?: string;
}

/** Frames that are delivered exactly once and in order. */
export type ReliableContent = DataFrame | ResizeFrame | CloseFrame;
export type ReliableFrame = ReliableContent & { readonly sequence: number };

/** Frames that are not repeated by themselves. */
export type UnreliableFrame =
  | { readonly kind: "nak"; readonly missing: readonly Range[] }
  | { readonly kind: "heartbeat" }
  | { readonly kind: "challenge"; readonly token: Uint8Array }
  | { readonly kind: "challenge-response"; readonly token: Uint8Array };

export type Frame = ReliableFrame | UnreliableFrame;

export function isReliable(frame: Frame): frame is ReliableFrame {
  return "sequence" in frame;
}

const REASONS = new Map<WireReason, CloseReason>([
  [WireReason.EXITED, "exited"],
  [WireReason.QUIT, "quit"],
  [WireReason.DETACHED, "detached"],
  [WireReason.DISPLACED, "displaced"],
  [WireReason.ENDED, "ended"],
]);
const WIRE_REASONS = new Map([...REASONS].map(([wire, reason]) => [reason, wire]));

type WireKind = Parameters<typeof create<typeof FrameSchema>>[1] & object;

/** One Frame message. Throws `UsageError` on a value that the peer would not accept. */
export function frameMessage(frame: Frame): WireFrame {
  return create(FrameSchema, wireInit(frame));
}

/** One serialized Frame message. */
export function serializeFrame(frame: Frame): Uint8Array {
  return toBinary(FrameSchema, frameMessage(frame));
}

function wireInit(frame: Frame): WireKind {
  switch (frame.kind) {
    case "data":
      if (frame.bytes.length > MAX_DATA) throw new UsageError(`Data of ${frame.bytes.length} octets`);
      return {
        sequence: BigInt(frame.sequence),
        kind: {
          case: "data",
          value: { bytes: frame.bytes, standardError: frame.standardError, end: frame.end },
        },
      };
    case "resize":
      checkSize(frame.size, UsageError);
      return {
        sequence: BigInt(frame.sequence),
        kind: { case: "resize", value: { size: plainSize(frame.size) } },
      };
    case "close":
      return { sequence: BigInt(frame.sequence), kind: { case: "close", value: wireClose(frame) } };
    case "nak": {
      const first = frame.missing[0]?.start ?? 0;
      return {
        kind: { case: "nak", value: { first: BigInt(first), ranges: encodeRanges(frame.missing, first) } },
      };
    }
    case "heartbeat":
      return { kind: { case: "heartbeat", value: {} } };
    case "challenge":
      return { kind: { case: "challenge", value: { token: frame.token } } };
    case "challenge-response":
      return { kind: { case: "challengeResponse", value: { token: frame.token } } };
  }
}

function wireClose(frame: CloseFrame): { reason: WireReason; exit?: WireExit; text: string } {
  const reason = frame.reason === "unknown" ? undefined : WIRE_REASONS.get(frame.reason);
  if (reason === undefined) throw new UsageError("a Close needs a reason");
  const text = frame.text ?? "";
  if (utf8Length(text) > MAX_CLOSE_TEXT) throw new UsageError("the text of a Close is too long");
  if (frame.exit === undefined) return { reason, text };
  checkExit(frame.exit, UsageError);
  const status: WireExit["status"] =
    "code" in frame.exit
      ? { case: "code", value: frame.exit.code }
      : { case: "signal", value: frame.exit.signal };
  return { reason, exit: { status }, text };
}

interface WireExit {
  status: { case: "code"; value: number } | { case: "signal"; value: number };
}

/** The typed frame, or undefined for one that this version does not know. Throws `PeerError` on a malformed one. */
export function typedFrame(frame: WireFrame): Frame | undefined {
  const { kind } = frame;
  switch (kind.case) {
    case "data":
      return { sequence: sequenceOf(frame), ...typedData(kind.value) };
    case "resize":
      return { sequence: sequenceOf(frame), ...typedResize(kind.value) };
    case "close":
      return { sequence: sequenceOf(frame), ...typedClose(kind.value) };
    case "nak":
      return typedNak(kind.value);
    case "heartbeat":
      return { kind: "heartbeat" };
    case "challenge":
      return { kind: "challenge", token: typedToken(kind.value.token) };
    case "challengeResponse":
      return { kind: "challenge-response", token: typedToken(kind.value.token) };
    case "screenState":
    case undefined:
      return undefined;
  }
}

/** An integer of the wire as a number. Throws `PeerError` above 2^53 - 1. */
export function typedInteger(value: bigint, name: string): number {
  if (value > BigInt(MAX_SEQUENCE)) throw malformed(`${name} is out of range`);
  return Number(value);
}

/** The one error that a payload can cause. */
export function malformed(what: string): PeerError {
  return new PeerError("malformed-payload", what);
}

function sequenceOf(frame: WireFrame): number {
  return typedInteger(frame.sequence, "sequence");
}

function typedData(data: WireData): DataFrame {
  if (data.bytes.length > MAX_DATA) throw malformed("Data is too long");
  return { kind: "data", bytes: data.bytes, standardError: data.standardError, end: data.end };
}

function typedResize(resize: WireResize): ResizeFrame {
  if (resize.size === undefined) throw malformed("a Resize has no size");
  checkSize(resize.size, malformedClass);
  return { kind: "resize", size: plainSize(resize.size) };
}

function typedClose(close: WireClose): CloseFrame {
  if (utf8Length(close.text) > MAX_CLOSE_TEXT) throw malformed("the text of a Close is too long");
  const status = close.exit?.status;
  const exit: ExitStatus | undefined =
    status?.case === "code"
      ? { code: status.value }
      : status?.case === "signal"
        ? { signal: status.value }
        : undefined;
  if (exit !== undefined) checkExit(exit, malformedClass);
  return {
    kind: "close",
    reason: REASONS.get(close.reason) ?? "unknown",
    ...(exit && { exit }),
    ...(close.text !== "" && { text: close.text }),
  };
}

function typedNak(nak: WireNak): UnreliableFrame {
  return { kind: "nak", missing: decodeRanges(nak.ranges, typedInteger(nak.first, "first"), "from-0") };
}

function typedToken(token: Uint8Array): Uint8Array {
  if (token.length !== CHALLENGE_LENGTH) throw malformed("the token of a challenge has the wrong length");
  return token;
}

function plainSize({ columns, rows, pixelWidth, pixelHeight }: WindowSize): WindowSize {
  return { columns, rows, pixelWidth, pixelHeight };
}

type ErrorClass = new (message: string) => Error;
const malformedClass: ErrorClass = class extends PeerError {
  constructor(message: string) {
    super("malformed-payload", message);
  }
};

function checkSize(size: WindowSize, Failure: ErrorClass): void {
  for (const cells of [size.columns, size.rows]) {
    if (!within(cells, 1, MAX_TERMINAL_CELLS))
      throw new Failure(`a terminal of ${size.columns}x${size.rows} cells`);
  }
  for (const pixels of [size.pixelWidth, size.pixelHeight]) {
    if (!within(pixels, 0, MAX_TERMINAL_PIXELS)) throw new Failure(`a terminal of ${pixels} pixels`);
  }
}

function checkExit(exit: ExitStatus, Failure: ErrorClass): void {
  const fits = "code" in exit ? within(exit.code, 0, 255) : within(exit.signal, 1, 64);
  if (!fits) throw new Failure("an exit status out of range");
}

function within(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high;
}

/** Octets of the text in UTF-8; a lone surrogate counts as the replacement character that it becomes. */
function utf8Length(text: string): number {
  let length = 0;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length;
}
