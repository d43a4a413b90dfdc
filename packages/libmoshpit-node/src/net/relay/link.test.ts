import { describe, expect, it } from "vitest";
import { LinkDirection, seededRandom } from "./link.js";
import { LINK_PROFILES, PERFECT, type LinkDirectionProfile } from "./profiles.js";

function direction(profile: Partial<LinkDirectionProfile>, seed = 1): LinkDirection {
  return new LinkDirection({ ...PERFECT, ...profile }, seededRandom(seed));
}

/** Fates of many datagrams, 10 ms apart. */
function fates(
  profile: Partial<LinkDirectionProfile>,
  count: number,
  seed = 1,
): readonly (readonly number[])[] {
  const link = direction(profile, seed);
  return Array.from({ length: count }, (_, i) => link.datagram(i * 10, 100).map((at) => at - i * 10));
}

describe("LinkDirection", () => {
  it("delays, and keeps the order under jitter", () => {
    const link = direction({ delayMs: 50, jitterMs: 40 });
    const arrivals = Array.from({ length: 500 }, (_, i) => link.datagram(i, 10)[0] ?? NaN);
    expect(arrivals).toEqual([...arrivals].sort((a, b) => a - b));
    arrivals.forEach((at, i) => expect(at - i).toBeGreaterThanOrEqual(50));
    expect(Math.max(...arrivals.map((at, i) => at - i))).toBeLessThanOrEqual(90);
  });

  it.each([1, 4])("loses the named share, in runs of %d", (lossRun) => {
    const lost = fates({ loss: 0.1, lossRun }, 40_000).map((copies) => copies.length === 0);
    const total = lost.filter(Boolean).length;
    const runs = lost.filter((gone, i) => gone && lost[i - 1] !== true).length;
    expect(total / lost.length).toBeCloseTo(0.1, 1);
    expect(total / runs).toBeGreaterThan(lossRun * 0.9);
    expect(total / runs).toBeLessThan(lossRun * 1.25);
  });

  it("loses everything at 1 and nothing at 0", () => {
    expect(fates({ loss: 1 }, 100).flat()).toEqual([]);
    expect(fates({}, 100).flat()).toHaveLength(100);
  });

  it("duplicates and reorders", () => {
    expect(
      fates({ duplicate: 0.2 }, 10_000).filter((copies) => copies.length === 2).length / 10_000,
    ).toBeCloseTo(0.2, 1);
    const link = direction({ reorder: 0.1, delayMs: 5, jitterMs: 20 });
    const arrivals = Array.from({ length: 2_000 }, (_, i) => link.datagram(i, 10)[0] ?? NaN);
    expect(arrivals.filter((at, i) => at < (arrivals[i - 1] ?? 0)).length).toBeGreaterThan(100);
  });

  it("sends at its rate and drops what its queue can not hold", () => {
    // 972 + 28 octets at 80 kbit/s take 100 ms; the queue holds 300 ms.
    const link = direction({ rateKbit: 80, queueMs: 300 });
    expect(Array.from({ length: 6 }, () => link.datagram(0, 972))).toEqual([
      [100],
      [200],
      [300],
      [400],
      [],
      [],
    ]);
    expect(link.datagram(1_000, 972)).toEqual([1_100]);
  });

  it("is the same for the same seed, and another for another", () => {
    const bad = { loss: 0.3, jitterMs: 50, reorder: 0.1 };
    expect(fates(bad, 200, 7)).toEqual(fates(bad, 200, 7));
    expect(fates(bad, 200, 7)).not.toEqual(fates(bad, 200, 8));
  });

  it("never loses or reorders a stream", () => {
    const link = direction({ loss: 1, reorder: 1, delayMs: 10, jitterMs: 30, rateKbit: 8 });
    expect(link.stream(0, 100)).toBeGreaterThanOrEqual(110);
    const second = link.stream(0, 100);
    expect(second).toBeGreaterThanOrEqual(210);
    expect(link.stream(1, 0)).toBeGreaterThanOrEqual(second);
  });
});

describe("LINK_PROFILES", () => {
  it.each(Object.entries(LINK_PROFILES))("%s is possible", (_name, { up, down, blackout }) => {
    for (const side of [up, down]) {
      for (const share of [side.loss, side.reorder, side.duplicate]) expect(share).toBeGreaterThanOrEqual(0);
      for (const share of [side.loss, side.reorder, side.duplicate]) expect(share).toBeLessThan(1);
      expect(side.lossRun).toBeGreaterThanOrEqual(1);
      expect(side.rateKbit).toBeGreaterThan(0);
    }
    if (blackout !== undefined) expect(blackout.forMs).toBeLessThan(blackout.everyMs);
  });
});
