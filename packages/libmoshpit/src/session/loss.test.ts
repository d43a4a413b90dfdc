import { describe, expect, it } from "vitest";
import { LossEstimator } from "./loss.js";

/** Reports of the packets that arrive, counted on from `start`. */
function report(
  loss: LossEstimator,
  from: number,
  to: number,
  arrives: (n: number) => boolean,
  start = 0,
): number {
  let count = start;
  for (let n = from; n < to; n++) {
    if (!arrives(n)) continue;
    count = (count + 1) % 2 ** 16;
    loss.report(n + 1, count);
  }
  return count;
}

describe("the loss of a direction", () => {
  it("TR-LOSS-001 is unknown before 20 packets", () => {
    const loss = new LossEstimator();
    report(loss, 0, 19, () => true);
    expect(loss.loss).toBeUndefined();
    expect(loss.lossy).toBe(true);
    report(loss, 19, 20, () => true, 19);
    expect(loss.loss).toBe(0);
    expect(loss.lossy).toBe(false);
  });

  it("TR-LOSS-001 is what did not arrive of the last 128 to 256 packets", () => {
    const loss = new LossEstimator();
    const count = report(loss, 0, 1000, (n) => n % 4 !== 0);
    expect(loss.loss).toBeCloseTo(0.25, 1);
    report(loss, 1000, 1300, () => true, count);
    expect(loss.loss).toBe(0);
  });

  it("TR-LOSS-002 begins anew with the first packet of another path", () => {
    const loss = new LossEstimator();
    const count = report(loss, 0, 300, (n) => n % 2 === 0);
    loss.reset(330);
    expect(loss.loss).toBeUndefined();
    report(loss, 300, 325, () => true, count);
    expect(loss.loss).toBeUndefined();
    report(loss, 340, 380, () => true, count);
    expect(loss.loss).toBe(0);
  });

  it("TR-LOSS-001 counts over the wrap at 2^16, and is not confused by older reports", () => {
    const loss = new LossEstimator();
    report(loss, 0, 2 ** 17, (n) => n % 10 !== 0);
    expect(loss.loss).toBeCloseTo(0.1, 1);
    const before = loss.loss;
    loss.report(17, 3);
    expect(loss.loss).toBe(before);
  });
});
