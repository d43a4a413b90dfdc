import { micros, type Micros } from "libmoshpit/util";

const start = process.hrtime.bigint();

/** Monotonic microseconds since this process started. */
export function now(): Micros {
  return micros(Number((process.hrtime.bigint() - start) / 1_000n));
}
export { WakeWatch, type WallClock } from "./wake.js";
