import { describe, expect, it } from "vitest";
import { after, micros, millis, NEVER, type Micros } from "../util/index.js";
import { NakSchedule } from "./nak-schedule.js";
import { Reordering } from "./reordering.js";

const at = (ms: number): Micros => millis(ms);

describe("the schedule of Naks", () => {
  it("TR-NAK-002 reports after the reorder delay, three times at the interval, then doubling, ten times in all", () => {
    const naks = new NakSchedule();
    naks.update(at(0), [{ start: 4, end: 6 }], millis(10));
    const times: number[] = [];
    while (naks.nextAt !== NEVER && times.length < 20) {
      const now = naks.nextAt;
      times.push(now / 1000);
      expect(naks.take(now, millis(100))).toEqual([{ start: 4, end: 6 }]);
      expect(naks.take(now, millis(100))).toEqual([]);
    }
    const gaps = times.map((time, i) => time - (times[i - 1] ?? 0));
    expect(gaps).toEqual([10, 100, 100, 100, 200, 400, 800, 1600, 3200, 6400]);
  });

  it("TR-NAK-002 waits at most 10 s between two reports", () => {
    const naks = new NakSchedule();
    naks.update(at(0), [{ start: 0, end: 1 }], millis(10));
    const times = [0];
    while (naks.nextAt !== NEVER && times.length < 20) {
      times.push(naks.nextAt);
      naks.take(naks.nextAt, millis(900));
    }
    expect(Math.max(...times.map((time, i) => time - (times[i - 1] ?? 0)))).toBe(10_000_000);
  });

  it("TR-NAK-002 names at most 32 ranges at a time, and the others next", () => {
    const naks = new NakSchedule();
    const missing = Array.from({ length: 40 }, (_, i) => ({ start: 2 * i, end: 2 * i + 1 }));
    naks.update(at(0), missing, millis(5));
    expect(naks.take(at(5), millis(100))).toEqual(missing.slice(0, 32));
    expect(naks.nextAt).toBe(5_000);
    expect(naks.take(at(5), millis(100))).toEqual(missing.slice(32));
  });

  it("TR-NAK-004 forgets what arrived, and starts anew with what is missing later", () => {
    const naks = new NakSchedule();
    naks.update(at(0), [{ start: 0, end: 3 }], millis(10));
    naks.update(at(5), [{ start: 1, end: 2 }], millis(10));
    expect(naks.take(at(10), millis(100))).toEqual([{ start: 1, end: 2 }]);
    naks.update(at(20), [{ start: 7, end: 8 }], millis(10));
    expect(naks.nextAt).toBe(30_000);
    naks.update(at(25), [], millis(10));
    expect(naks.nextAt).toBe(NEVER);
  });
});

describe("the reorder delay", () => {
  it("TR-NAK-003 begins at 10 ms and falls to 2 ms where nothing is reordered", () => {
    const reordering = new Reordering();
    expect(reordering.delay).toBe(10_000);
    for (let n = 0; n < 500; n++) reordering.received(at(n), n, true);
    expect(reordering.delay).toBe(2_000);
  });

  it("TR-NAK-003 rises to 1.25 times the lateness of an overtaken packet, at most 50 ms", () => {
    const reordering = new Reordering();
    let now = at(0);
    for (let n = 0; n < 500; n++) reordering.received((now = after(now, millis(1))), n, true);
    reordering.received(now, 501, true);
    reordering.received(after(now, millis(16)), 500, false);
    expect(reordering.delay).toBe(20_000);
    reordering.received(after(now, micros(900_000)), 499, false);
    expect(reordering.delay).toBe(50_000);
  });
});
