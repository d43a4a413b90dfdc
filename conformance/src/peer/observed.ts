import type { Micros } from "libmoshpit/util";
import type { Frame, Payload } from "libmoshpit/wire";

/** A packet of the testee, opened by the runner. */
export interface ObservedPacket {
  readonly at: Micros;
  /** Where it was sent to. */
  readonly address: string;
  readonly number: number;
  /** Of the datagram. */
  readonly octets: number;
  readonly payload: Payload;
  readonly bytes: Uint8Array;
}

/** The kinds of its frames, in order. */
export function kindsOf(packet: ObservedPacket): string[] {
  return packet.payload.frames.map((frame) => frame.kind);
}

/** The sequence numbers of its reliable frames. */
export function sequencesOf({ payload }: { readonly payload: Payload }): number[] {
  return payload.frames.flatMap((frame) => ("sequence" in frame ? [frame.sequence] : []));
}

/** What its Nak names. */
export function missingIn({ payload }: { readonly payload: Payload }): number[] {
  return payload.frames.flatMap((frame) =>
    frame.kind === "nak"
      ? frame.missing.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i))
      : [],
  );
}

/** One packet as a line for a person. */
export function described(at: Micros, arrow: string, number: number, payload: Payload): string {
  const { cumulativeSequence, selectiveRanges, nextSequence, heldFrames, frames } = payload;
  const ranges = selectiveRanges.map(({ start, end }) => `+${start}-${end - 1}`).join("");
  const held = heldFrames === 0 ? "" : ` held ${heldFrames}`;
  const said = frames.map(word).join(" ");
  return `${(at / 1000).toFixed(3).padStart(12)} ms ${arrow} #${number} ack ${cumulativeSequence}${ranges} next ${nextSequence}${held} ${said}`;
}

function word(frame: Frame): string {
  switch (frame.kind) {
    case "data":
      return `data[${frame.sequence}](${frame.bytes.length}${frame.end ? ", end" : ""})`;
    case "resize":
      return `resize[${frame.sequence}](${frame.size.columns}x${frame.size.rows})`;
    case "close":
      return `close[${frame.sequence}](${frame.reason})`;
    case "nak":
      return `nak[${frame.missing.map(({ start, end }) => `${start}-${end - 1}`).join()}]`;
    default:
      return frame.kind;
  }
}
