import { equalBytes, micros, millis, seconds, type Micros } from "libmoshpit/util";
import type { CipherSuite } from "libmoshpit/wire";
import { IP_OVERHEAD, type LinkConditions } from "./link.js";
import { Pair } from "./pair.js";
import type { SeededRandom } from "./random.js";

/** The time from one key to the next. */
export type Rhythm = (random: SeededRandom) => Micros;

/** A person who types a text: 80 to 280 ms from key to key, and one time in twelve a thought of 0.4 to 2 s. */
export const prose: Rhythm = (random) =>
  random.chance(1 / 12) ? millis(400 + random.below(1600)) : millis(80 + random.below(200));

/** Fast and without a thought: 60 to 140 ms. */
export const fast: Rhythm = (random) => millis(60 + random.below(80));

/** A key that is held down, repeated by the keyboard 30 times a second. */
export const held: Rhythm = () => millis(33);

/** A person who types on a link, at a program that echoes each key at once. */
export interface Typing {
  readonly seed: number;
  readonly keys: number;
  readonly link: LinkConditions;
  readonly rhythm?: Rhythm;
  readonly suite?: CipherSuite;
}

/** What became of the keys. */
export interface Typed {
  /** From each key to its echo at the client. */
  readonly latencies: readonly Micros[];
  /** In both directions, from the first key until everything was acknowledged. */
  readonly packets: number;
  /** The same in octets, IP and UDP headers included. */
  readonly octets: number;
  /** Whether every key and every echo arrived, once and in order. */
  readonly complete: boolean;
}

/** Virtual time for what is on its way to arrive. */
const PATIENCE = seconds(120);

/** Types on virtual time; the same seed gives the same result. */
export function typeOn({ seed, keys, link, rhythm = prose, suite }: Typing): Typed {
  const pair = new Pair({ seed, link, ...(suite !== undefined && { suite }) });
  const text = Uint8Array.from({ length: keys }, () => 97 + pair.random.below(26));
  const typedAt: Micros[] = [];
  const latencies: Micros[] = [];
  pair.server.onEvent = (event) => {
    if (event.type === "data") pair.server.do((c, now) => c.write(now, event.bytes));
  };
  pair.client.onEvent = (_event, now) => {
    while (latencies.length < pair.client.octetsReceived) {
      latencies.push(micros(now - (typedAt[latencies.length] ?? now)));
    }
  };
  pair.network.runUntil(seconds(1));
  let packets = 0;
  let octets = 0;
  pair.network.onCarried = ({ bytes }) => {
    packets += 1;
    octets += bytes.length + IP_OVERHEAD;
  };
  for (let i = 0; i < keys; i++) {
    typedAt.push(pair.network.now);
    pair.client.do((c, now) => c.write(now, text.subarray(i, i + 1)));
    pair.network.runUntil(micros(pair.network.now + rhythm(pair.random)));
  }
  const settled = (): boolean =>
    latencies.length === keys &&
    [pair.client, pair.server].every((side) => side.connection.bufferedAmount === 0);
  pair.network.runUntilTrue(settled, micros(pair.network.now + PATIENCE));
  const complete =
    settled() && equalBytes(pair.server.received(), text) && equalBytes(pair.client.received(), text);
  return { latencies, packets, octets, complete };
}

/** Several runs as one. */
export function typeOften(runs: number, typing: Typing): Typed {
  const all = Array.from({ length: runs }, (_, i) => typeOn({ ...typing, seed: typing.seed + i }));
  return {
    latencies: all.flatMap((run) => run.latencies),
    packets: all.reduce((sum, run) => sum + run.packets, 0),
    octets: all.reduce((sum, run) => sum + run.octets, 0),
    complete: all.every((run) => run.complete),
  };
}

/** The smallest value that is not below `share` of the values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}
