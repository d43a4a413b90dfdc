import type { LevelNumber, RoleName } from "./case.js";

/** What became of a case. */
export type Verdict =
  "pass" | "fail" | "expected-failure" | "unexpected-pass" | "skipped" | "crash" | "timeout";

/** The verdicts that make a run fail. */
export const BAD_VERDICTS: readonly Verdict[] = ["fail", "unexpected-pass", "crash", "timeout"];

export interface Outcome {
  readonly verdict: Verdict;
  /** The requirement that was broken. */
  readonly requirement?: string;
  /** What went wrong, or why it was skipped. */
  readonly text?: string;
}

export interface CaseResult extends Outcome {
  readonly id: string;
  readonly about: string;
  readonly requirements: readonly string[];
  readonly level: LevelNumber;
  readonly role: RoleName | undefined;
  readonly milliseconds: number;
  /** What happened, one line each; empty for a pass. */
  readonly log: readonly string[];
}

/** A whole run: what results.json holds. */
export interface RunResult {
  readonly testee: {
    readonly name: string;
    readonly version: string;
    readonly command: readonly string[];
  };
  readonly seed: number;
  readonly milliseconds: number;
  readonly cases: readonly CaseResult[];
}

/** Whether nothing is wrong. */
export function isGreen({ cases }: RunResult): boolean {
  return cases.every(({ verdict }) => !BAD_VERDICTS.includes(verdict));
}

/** How many cases there are of each verdict that occurs. */
export function countsOf({ cases }: RunResult): ReadonlyMap<Verdict, number> {
  const counts = new Map<Verdict, number>();
  for (const { verdict } of cases) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  return counts;
}
