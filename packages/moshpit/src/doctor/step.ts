import type { Checklist } from "libmoshpit-node/checklist";

/** A step failed, and has said so: those after it would only fail for the same reason. */
export class Stop extends Error {
  override readonly name = "Stop";
}

/** How long the step took, for the end of its line. */
export function took(list: Checklist): string {
  return `${Math.round(list.lap())} ms`;
}
