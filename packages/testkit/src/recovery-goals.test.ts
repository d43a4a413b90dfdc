import { describe, expect, it } from "vitest";
import { CipherSuite } from "libmoshpit/wire";
import { figuresOf, NETWORKS, type Figures } from "./recovery-figures.js";

// The goals of docs/recovery.md on fewer keys. A round trip is 100 ms.

const figures = new Map<string, Figures>();
function on(name: string): Figures {
  const network = NETWORKS.find((each) => each.name === name);
  if (network === undefined) throw new Error(`there is no network ${name}`);
  const known = figures.get(name) ?? figuresOf(network, 4);
  figures.set(name, known);
  return known;
}

describe("the latency of a keystroke", () => {
  it("loses nothing on any network", () => {
    for (const { name } of NETWORKS) expect(on(name).complete, name).toBe(true);
  });

  it("is one round trip where nothing is lost, at 2.7 packets and 420 octets", () => {
    const { p50, max, packets, octets } = on("no loss");
    expect([p50, max]).toEqual([100, 100]);
    expect(packets).toBeLessThanOrEqual(2.7);
    expect(octets).toBeLessThanOrEqual(420);
  });

  it("takes 330 octets with the truncated suite", () => {
    const network = NETWORKS[0]!;
    const { packets, octets } = figuresOf(network, 2, CipherSuite.AES_256_GCM_SIV_HMAC_SHA512_256);
    expect(packets).toBeLessThanOrEqual(2.7);
    expect(octets).toBeLessThanOrEqual(330);
  });

  it("is at 29 % of loss at most 1.1, 1.6 and 2.6 round trips at the median, 95 % and 99 %", () => {
    const { p50, p95, p99 } = on("29 %");
    expect(p50).toBeLessThanOrEqual(110);
    expect(p95).toBeLessThanOrEqual(160);
    expect(p99).toBeLessThanOrEqual(260);
  });

  it("is at 50 % of loss at most 4 round trips at 95 %", () => {
    expect(on("50 %").p95).toBeLessThanOrEqual(400);
  });

  it("is with bursts of four packets at most 5 round trips at 95 %", () => {
    for (const name of ["bursts, 5 %", "bursts, 15 %"]) expect(on(name).p95, name).toBeLessThanOrEqual(500);
  });
});
