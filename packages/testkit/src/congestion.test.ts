import { describe, expect, it } from "vitest";
import { millis, seconds } from "libmoshpit/util";
import { bulkOn } from "./bulk.js";
import { Pair, type PairOptions } from "./pair.js";

const MBIT = 125_000;
/** Octets of the stream in those of a full datagram with its headers. */
const SHARE = 1024 / 1228;
const DATAGRAM = 1228;

/** What a person would call the link's speed and depth: Mbit/s, and the milliseconds of its queue. */
function link(mbit: number, rtt: number, queueMs: number, loss = 0): NonNullable<PairOptions["link"]> {
  const rate = mbit * MBIT;
  return { delay: millis(rtt / 2), rate, queue: Math.max(4 * DATAGRAM, (rate * queueMs) / 1000), loss };
}

const run = (pair: Pair, ms: number): void => pair.network.runUntil(millis(pair.network.now / 1000 + ms));

/** A pair whose path is validated. */
function validated(options: Omit<PairOptions, "seed">): Pair {
  const pair = new Pair({ seed: 3, ...options });
  for (let i = 0; i < 10; i++) {
    pair.client.do((c, now) => c.write(now, Uint8Array.of(i)));
    run(pair, 300);
  }
  return pair;
}

describe("bulk over a link with a rate", () => {
  it.each([
    [0.25, 100, 1000],
    [0.25, 100, 50],
    [2, 100, 1000],
    [2, 100, 20],
    [20, 20, 1000],
    [20, 100, 20],
  ])(
    "TR-RATE-001 TR-RATE-004 uses %d Mbit/s at %d ms, a queue of %d ms, and adds 50 ms at most",
    (mbit, rtt, queue) => {
      const figures = bulkOn({
        seed: 1,
        link: link(mbit, rtt, queue),
        settle: 8,
        measure: mbit > 2 ? 2 : 10,
      });
      expect(figures.rate).toBeGreaterThan(0.85 * mbit * MBIT * SHARE);
      expect(figures.queueMean).toBeLessThan(50);
      expect(figures.queue95).toBeLessThan(60);
      expect(figures.dropped).toBeLessThan(0.03);
    },
  );

  it.each([
    [0.25, 100, 0.05],
    [0.25, 100, 0.15],
    [2, 100, 0.05],
    [2, 100, 0.15],
    [2, 100, 0.3],
    [2, 20, 0.3],
    [20, 20, 0.15],
  ])("TR-RATE-003 keeps 70 %% of what the loss leaves of %d Mbit/s at %d ms: %d", (mbit, rtt, loss) => {
    const figures = bulkOn({
      seed: 1,
      link: link(mbit, rtt, 1000, loss),
      settle: 8,
      measure: mbit > 2 ? 2 : 20,
    });
    expect(figures.rate).toBeGreaterThan(0.7 * (1 - loss) * mbit * MBIT * SHARE);
    expect(figures.queueMean).toBeLessThan(85);
  });
});

describe("a black hole", () => {
  it("TR-RATE-004 gets a few packets a second, and what follows it is at the old rate within a second", () => {
    const pair = validated({ link: link(2, 100, 1000), trace: true });
    const feed = (): void => {
      if (pair.server.connection.bufferedAmount < 200_000)
        pair.server.do((c, now) => c.write(now, new Uint8Array(100_000)));
      pair.network.at(millis(pair.network.now / 1000 + 10), feed);
    };
    feed();
    run(pair, 5_000);
    pair.link.down = true;
    run(pair, 1_000);
    const start = pair.network.now;
    run(pair, 20_000);
    expect(pair.trace.sentBy("server", start).length / 20).toBeLessThanOrEqual(45);
    pair.link.down = false;
    run(pair, 1_000);
    const before = pair.client.octetsReceived;
    run(pair, 1_000);
    expect(pair.client.octetsReceived - before).toBeGreaterThan(0.7 * 2 * MBIT * SHARE);
  });
});

describe("whoever types", () => {
  it("TR-RATE-002 does not lower the rate that bulk has found", () => {
    const pair = validated({ link: link(2, 100, 1000) });
    const bulk = (): number => {
      const [start, before] = [pair.network.now, pair.client.octetsReceived];
      pair.server.do((c, now) => c.write(now, new Uint8Array(200_000)));
      const all = (): boolean => pair.client.octetsReceived === before + 200_000;
      expect(pair.network.runUntilTrue(all, seconds(1000))).toBe(true);
      return pair.network.now - start;
    };
    bulk();
    const known = bulk();
    for (let i = 0; i < 300; i++) {
      pair.server.do((c, now) => c.write(now, Uint8Array.of(i & 0xff)));
      run(pair, 120);
    }
    expect(bulk()).toBeLessThanOrEqual(1.1 * known);
  });

  it("TR-PACE-002 does not wait for the pace", () => {
    const pair = validated({ link: link(0.25, 100, 1000), trace: true });
    pair.server.do((c, now) => c.write(now, new Uint8Array(100_000)));
    run(pair, 20_000);
    pair.trace.packets.length = 0;
    for (let i = 0; i < 100; i++) {
      const start = pair.network.now;
      pair.server.do((c, now) => c.write(now, new Uint8Array(5)));
      expect(pair.trace.sentBy("server", start)).toHaveLength(1);
      run(pair, 33);
    }
  });

  it("TR-PACE-001 spreads what is more", () => {
    const pair = validated({ link: link(2, 100, 1000), trace: true });
    pair.server.do((c, now) => c.write(now, new Uint8Array(500_000)));
    run(pair, 1_500);
    const start = pair.network.now;
    run(pair, 200);
    const sent = pair.trace.sentBy("server", start);
    for (let ms = 0; ms < 200; ms += 10) {
      const [from, to] = [start + ms * 1000, start + (ms + 10) * 1000];
      const packets = sent.filter(({ at }) => at >= from && at < to).length;
      expect(packets).toBeLessThanOrEqual(7);
    }
    expect(sent.length).toBeGreaterThan(25);
  });
});
