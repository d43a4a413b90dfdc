import { millis } from "libmoshpit/util";
import type { CipherSuite } from "libmoshpit/wire";
import type { LinkConditions } from "./link.js";
import { percentile, typeOften, type Rhythm } from "./typing.js";

/** A network that the recovery of keystrokes is measured on. */
export interface MeasuredNetwork {
  readonly name: string;
  /** Of both directions. */
  readonly link: LinkConditions;
}

/** What a keystroke and its echo cost there. Times in milliseconds. */
export interface Figures {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  /** Per keystroke with its echo, both directions. */
  readonly packets: number;
  /** The same, IP and UDP headers included. */
  readonly octets: number;
  /** Whether nothing was lost, doubled or out of order. */
  readonly complete: boolean;
}

const DELAY = millis(50);
/** Keys of one run. */
export const KEYS_PER_RUN = 500;

/** Losses in bursts of four packets on average, so many of all. */
function bursts(loss: number): LinkConditions {
  const leave = 1 / 4;
  return { burst: { enter: (leave * loss) / (1 - loss), leave, loss: 1 } };
}

/** A round trip of 100 ms, and losses of every kind. */
export const NETWORKS: readonly MeasuredNetwork[] = [
  { name: "no loss", link: {} },
  { name: "5 %", link: { loss: 0.05 } },
  { name: "15 %", link: { loss: 0.15 } },
  { name: "29 %", link: { loss: 0.29 } },
  { name: "50 %", link: { loss: 0.5 } },
  { name: "bursts, 5 %", link: bursts(0.05) },
  { name: "bursts, 15 %", link: bursts(0.15) },
].map(({ name, link }) => ({ name, link: { delay: DELAY, ...link } }));

/** Types `runs` texts there; the runs differ in their seed only. */
export function figuresOf(
  { link }: MeasuredNetwork,
  runs: number,
  suite?: CipherSuite,
  rhythm?: Rhythm,
): Figures {
  const { latencies, packets, octets, complete } = typeOften(runs, {
    seed: 1,
    keys: KEYS_PER_RUN,
    link,
    ...(suite !== undefined && { suite }),
    ...(rhythm !== undefined && { rhythm }),
  });
  const at = (share: number): number => percentile(latencies, share) / 1000;
  const keys = runs * KEYS_PER_RUN;
  return {
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    max: at(1),
    packets: packets / keys,
    octets: octets / keys,
    complete,
  };
}
