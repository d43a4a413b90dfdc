declare const microsBrand: unique symbol;

/**
 * A moment or a duration in integer microseconds. Moments count from an arbitrary zero and never go back;
 * up to 2^53 - 1, which is 285 years.
 */
export type Micros = number & { readonly [microsBrand]: true };

/** From microseconds, rounded to an integer. */
export function micros(value: number): Micros {
  return Math.round(value) as Micros;
}

/** From milliseconds. */
export function millis(value: number): Micros {
  return micros(value * 1_000);
}

/** From seconds. */
export function seconds(value: number): Micros {
  return micros(value * 1_000_000);
}

/** `moment` plus `duration`. */
export function after(moment: Micros, duration: Micros): Micros {
  return (moment + duration) as Micros;
}

/** How long from `earlier` to `later`; negative if they are the other way round. */
export function elapsed(earlier: Micros, later: Micros): Micros {
  return (later - earlier) as Micros;
}

/** A moment that never comes. */
export const NEVER: Micros = Number.MAX_SAFE_INTEGER as Micros;
