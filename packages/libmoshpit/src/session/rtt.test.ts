import { describe, expect, it } from "vitest";
import { millis, micros, seconds, type Micros } from "../util/index.js";
import { RttEstimator } from "./rtt.js";
import { Timestamps } from "./timestamps.js";

const at = (ms: number): Micros => millis(ms);

describe("the round trip", () => {
  it("TR-RTT-003 smooths as RFC 9002 does", () => {
    const rtt = new RttEstimator();
    expect(rtt.current).toBeUndefined();
    rtt.sample(at(0), millis(100));
    expect(rtt.current).toEqual({ latest: 100_000, smoothed: 100_000, variance: 50_000, minimum: 100_000 });
    rtt.sample(at(10), millis(180));
    expect(rtt.current).toEqual({ latest: 180_000, smoothed: 110_000, variance: 57_500, minimum: 100_000 });
    expect(rtt.probeTimeout).toBe(110_000 + 4 * 57_500);
    expect(rtt.queueing).toBe(80_000);
  });

  it("TR-RTT-003 never counts the variance for less than a clock can show", () => {
    const rtt = new RttEstimator();
    for (let i = 0; i < 100; i++) rtt.sample(at(i), millis(50));
    expect(rtt.nakInterval).toBe(55_000);
    expect(rtt.probeTimeout).toBe(70_000);
  });

  it("TR-PROBE-001 assumes 450 ms before the first sample", () => {
    const rtt = new RttEstimator();
    expect(rtt.probeTimeout).toBe(450_000);
    expect(rtt.nakInterval).toBe(450_000);
  });

  it("TR-RTT-003 remembers the smallest for 10 to 20 s, and nothing of another path", () => {
    const rtt = new RttEstimator();
    rtt.sample(seconds(0), millis(20));
    for (let s = 1; s <= 9; s++) rtt.sample(seconds(s), millis(90));
    expect(rtt.current?.minimum).toBe(20_000);
    for (let s = 10; s <= 30; s++) rtt.sample(seconds(s), millis(90));
    expect(rtt.current?.minimum).toBe(90_000);
    rtt.reset();
    expect(rtt.current).toBeUndefined();
    rtt.sample(seconds(31), millis(200));
    expect(rtt.current?.minimum).toBe(200_000);
  });

  it("TR-RTT-002 clamps what can not be", () => {
    const rtt = new RttEstimator();
    rtt.sample(at(0), seconds(60));
    expect(rtt.current?.latest).toBe(10_000_000);
    rtt.reset();
    rtt.sample(at(0), micros(-5));
    expect(rtt.current?.latest).toBe(0);
  });
});

describe("timestamps", () => {
  it("TR-RTT-001 echo the newest timestamp plus the time that it was held", () => {
    const stamps = new Timestamps();
    expect(stamps.echo(at(5))).toBeUndefined();
    stamps.received(at(100), 65_530);
    expect(stamps.echo(at(100))).toBe(65_530);
    expect(stamps.echo(micros(104_600))).toBe(65_535);
    expect(stamps.echo(at(110))).toBe(4);
  });

  it("TR-RTT-001 are not echoed when they are older than 60 s", () => {
    const stamps = new Timestamps();
    stamps.received(at(0), 1);
    expect(stamps.echo(seconds(60))).toBe(60_001);
    expect(stamps.echo(micros(60_000_001))).toBeUndefined();
  });

  it("TR-RTT-002 give the round trip without the time that the peer held them", () => {
    for (const start of [0, 65_500, 1_000_000]) {
      for (const held of [0, 3, 40_000]) {
        const peer = new Timestamps();
        peer.received(at(7_000_000), Timestamps.clock(at(start)));
        const echo = peer.echo(at(7_000_000 + held)) ?? NaN;
        expect(Timestamps.roundTrip(at(start + held + 80), echo)).toBe(80_000);
      }
    }
  });

  it("TR-RTT-002 count a round trip that rounding made negative as 0", () => {
    expect(Timestamps.roundTrip(at(1000), 1003)).toBe(0);
    expect(Timestamps.roundTrip(at(1), 65_535)).toBe(2_000);
  });
});
