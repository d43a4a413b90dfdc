import { describe, expect, it } from "vitest";
import { millis, seconds, type Micros } from "libmoshpit/util";
import { EventQueue } from "./event-queue.js";
import { IP_OVERHEAD, Link, type Fate, type LinkConditions } from "./link.js";
import { Pair } from "./pair.js";
import { SeededRandom } from "./random.js";

const COUNT = 20_000;

/** The fates of datagrams of 100 octets, one a millisecond. */
function fates(conditions: LinkConditions, seed = 1): Fate[] {
  const link = new Link(conditions, new SeededRandom(seed));
  return Array.from({ length: COUNT }, (_, i) => link.carry(millis(i), 100));
}

const share = (list: readonly Fate[], is: (fate: Fate) => boolean): number =>
  list.filter(is).length / list.length;
const lost = (fate: Fate): boolean => fate.kind === "lost";
const delays = (list: readonly Fate[]): number[] =>
  list.flatMap((fate, i) => (fate.kind === "delivered" ? fate.at.map((at) => at - 1000 * i) : []));

describe("the simulated network", () => {
  it("is the same for the same seed, and another for another", () => {
    const run = (seed: number): string => {
      const link = { delay: millis(20), jitter: millis(30), loss: 0.2, duplication: 0.1, rate: 100_000 };
      const pair = new Pair({ seed, link, trace: true });
      pair.server.do((c, now) => c.write(now, pair.random.bytes(50_000)));
      pair.network.runUntil(seconds(5));
      return pair.trace.toString();
    };
    expect(run(4)).toBe(run(4));
    expect(run(4)).not.toBe(run(5));
  });

  it("loses, duplicates, delays and reorders as often as it is told", () => {
    expect(share(fates({ loss: 0.29 }), lost)).toBeCloseTo(0.29, 1);
    expect(
      share(fates({ duplication: 0.1 }), (f) => f.kind === "delivered" && f.at.length === 2),
    ).toBeCloseTo(0.1, 1);
    const jittery = delays(fates({ delay: millis(50), jitter: millis(20) }));
    expect(Math.min(...jittery)).toBeGreaterThanOrEqual(50_000);
    expect(Math.max(...jittery)).toBeLessThanOrEqual(70_000);
    expect(Math.max(...jittery)).toBeGreaterThan(69_000);
    const held = delays(fates({ reordering: 0.3, reorderDelay: millis(9) })).filter(
      (delay) => delay === 9_000,
    );
    expect(held.length / COUNT).toBeCloseTo(0.3, 1);
  });

  it("loses in bursts of the length that it is told", () => {
    const list = fates({ burst: { enter: 0.01, leave: 0.25, loss: 1 } });
    const bursts = list.filter(
      (fate, i) => lost(fate) && !lost(list[i - 1] ?? { kind: "delivered", at: [] }),
    ).length;
    expect(list.filter(lost).length / bursts).toBeGreaterThan(3.4);
    expect(list.filter(lost).length / bursts).toBeLessThan(4.6);
  });

  it("passes its rate, queues what is more, and drops what the queue can not hold", () => {
    const size = 100 + IP_OVERHEAD;
    const half = fates({ rate: (size * 1000) / 2, queue: 10 * size });
    expect(share(half, lost)).toBeCloseTo(0.5, 1);
    expect(Math.max(...delays(half))).toBeLessThanOrEqual(20_000);
    expect(Math.max(...delays(half))).toBeGreaterThan(18_000);
    expect(share(fates({ rate: size * 2000 }), lost)).toBe(0);
  });

  it("keeps virtual time in order", () => {
    const queue = new EventQueue<number>();
    const random = new SeededRandom(3);
    const times = Array.from({ length: 500 }, () => random.below(50));
    times.forEach((time, i) => queue.push(time as Micros, i));
    const order = times.map(() => queue.pop() ?? -1);
    const wanted = times.map((_, i) => i).sort((a, b) => times[a]! - times[b]! || a - b);
    expect(order).toEqual(wanted);
    expect(queue.pop()).toBeUndefined();
  });
});
