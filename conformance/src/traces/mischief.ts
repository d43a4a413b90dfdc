import { Mischief, type TraceClaim } from "../gen/moshpit/conformance/v1/trace_pb.js";
import { roleName, type Trace, type TracedDatagram } from "./trace.js";

/** What a network did to the datagrams of one sender. */
export interface Counted {
  readonly sent: number;
  readonly loss: number;
  /** Runs of three or more losses. */
  readonly burst: number;
  readonly reordering: number;
  readonly duplication: number;
}

const BURST = 3;

/** Counts from the datagrams alone: their packet numbers, and which arrived when. */
export function countMischief(datagrams: readonly TracedDatagram[]): Counted {
  let burst = 0;
  let run = 0;
  for (const { arrivals } of datagrams) {
    run = arrivals.length === 0 ? run + 1 : 0;
    if (run === BURST) burst += 1;
  }
  const byArrival = datagrams
    .filter(({ arrivals }) => arrivals.length > 0)
    .sort((a, b) => (a.arrivals[0] ?? 0) - (b.arrivals[0] ?? 0));
  let largest = -1;
  let reordering = 0;
  for (const { number } of byArrival) {
    if (number < largest) reordering += 1;
    largest = Math.max(largest, number);
  }
  return {
    sent: datagrams.length,
    loss: datagrams.filter(({ arrivals }) => arrivals.length === 0).length,
    burst,
    reordering,
    duplication: datagrams.filter(({ arrivals }) => arrivals.length > 1).length,
  };
}

const NAMES = new Map<Mischief, Exclude<keyof Counted, "sent">>([
  [Mischief.LOSS, "loss"],
  [Mischief.BURST, "burst"],
  [Mischief.REORDERING, "reordering"],
  [Mischief.DUPLICATION, "duplication"],
]);

/** The claims of a trace that its packets do not bear out, one line each. */
export function unprovenClaims({ head, datagrams }: Trace): string[] {
  return head.claims.flatMap(({ mischief, sender, atLeast }: TraceClaim) => {
    const name = NAMES.get(mischief);
    const role = roleName(sender);
    const found = name === undefined ? 0 : countMischief(datagrams[role])[name];
    if (name !== undefined && found >= atLeast) return [];
    return [
      `${head.name}: ${name ?? "an unknown mischief"} of the ${role}'s: ${found}, ${atLeast} are claimed`,
    ];
  });
}
