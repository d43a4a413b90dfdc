import { constants, openSync } from "node:fs";

/** Descriptors of this process that a child would inherit. */
const exposed = new Set<number>();
const FIRST_OF_OURS = 3;
let nothing: number | undefined;

/**
 * node-pty opens terminals without close-on-exec: every later child would get their masters, and with them what other
 * sessions show and type. From now on `shadows` keeps this descriptor from children.
 */
export function markExposed(descriptor: number): void {
  exposed.add(descriptor);
}

/** The descriptor was closed. */
export function unmarkExposed(descriptor: number): void {
  exposed.delete(descriptor);
}

/** For the end of `stdio` of every child: `/dev/null` in the place of each descriptor that is not the child's business. */
export function shadows(): readonly (number | "ignore")[] {
  if (exposed.size === 0) return [];
  const last = Math.max(...exposed);
  nothing ??= openSync("/dev/null", constants.O_RDWR);
  const shadow = nothing;
  return Array.from({ length: last + 1 - FIRST_OF_OURS }, (_, i) =>
    exposed.has(FIRST_OF_OURS + i) ? shadow : "ignore",
  );
}
