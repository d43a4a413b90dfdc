import { constants, openSync } from "node:fs";

/** Descriptors of this process that a child would inherit; who marked one last. */
const exposed = new Map<number, symbol>();
const FIRST_OF_OURS = 3;
let nothing: number | undefined;

/**
 * node-pty opens terminals without close-on-exec: every later child would get their masters, and with them what other
 * sessions show and type. From now on `shadows` keeps this descriptor from children; what this gives is to be called
 * when it was closed, and leaves alone whoever has marked the same number by then.
 */
export function markExposed(descriptor: number): () => void {
  const mark = Symbol();
  exposed.set(descriptor, mark);
  return () => {
    if (exposed.get(descriptor) === mark) exposed.delete(descriptor);
  };
}

/** For the end of `stdio` of every child: `/dev/null` in the place of each descriptor that is not the child's business. */
export function shadows(): readonly (number | "ignore")[] {
  if (exposed.size === 0) return [];
  const last = Math.max(...exposed.keys());
  nothing ??= openSync("/dev/null", constants.O_RDWR);
  const shadow = nothing;
  return Array.from({ length: last + 1 - FIRST_OF_OURS }, (_, i) =>
    exposed.has(FIRST_OF_OURS + i) ? shadow : "ignore",
  );
}
