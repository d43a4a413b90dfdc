import type { DropReason } from "../wire/index.js";
import type { AttachmentCounters } from "./events.js";

/** The counters of two connections as those of one. */
export function addCounters(a: AttachmentCounters, b: AttachmentCounters): AttachmentCounters {
  return {
    packetsSent: a.packetsSent + b.packetsSent,
    octetsSent: a.octetsSent + b.octetsSent,
    packetsReceived: a.packetsReceived + b.packetsReceived,
    octetsReceived: a.octetsReceived + b.octetsReceived,
    dropped: addCounts(a.dropped, b.dropped),
    framesRetransmitted: a.framesRetransmitted + b.framesRetransmitted,
    framesDuplicate: a.framesDuplicate + b.framesDuplicate,
    naksSent: a.naksSent + b.naksSent,
    probesSent: a.probesSent + b.probesSent,
    framesOutsideWindow: a.framesOutsideWindow + b.framesOutsideWindow,
    pathMoves: a.pathMoves + b.pathMoves,
  };
}

function addCounts(
  a: ReadonlyMap<DropReason, number>,
  b: ReadonlyMap<DropReason, number>,
): ReadonlyMap<DropReason, number> {
  const sum = new Map(a);
  for (const [reason, count] of b) sum.set(reason, count + (sum.get(reason) ?? 0));
  return sum;
}
