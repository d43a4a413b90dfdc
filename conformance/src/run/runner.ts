import { Level, Role, type HelloResponse } from "../gen/moshpit/conformance/v1/testee_pb.js";
import { TesteeGone } from "../testee/process.js";
import { Testee, TesteeUnusable, type TesteeOptions } from "../testee/testee.js";
import { CaseFailure, type Case } from "./case.js";
import type { CaseResult, Outcome, RunResult } from "./result.js";

export interface RunOptions {
  readonly testee: TesteeOptions;
  readonly cases: readonly Case[];
  readonly seed: number;
  /** How many testees run cases side by side. */
  readonly jobs: number;
  /** Ids of cases that are known to fail. */
  readonly expectedFailures: ReadonlySet<string>;
  readonly onResult?: (result: CaseResult) => void;
}

const LEVELS = [Level.VECTORS, Level.PRIMITIVES, Level.ENDPOINTS] as const;

/** Runs the cases over one or more testees of one command. Throws `TesteeUnusable` if none starts. */
export async function runCases(options: RunOptions): Promise<RunResult> {
  const started = performance.now();
  const first = await Testee.start(options.testee);
  const results = new Map<Case, CaseResult>();
  const waiting = [...options.cases];
  const work = async (testee: Testee): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const result = await runCase(next, testee, first.hello, options);
      results.set(next, result);
      options.onResult?.(result);
    }
  };
  const testees = [first.testee];
  try {
    for (let i = 1; i < Math.min(options.jobs, options.cases.length); i++)
      testees.push((await Testee.start(options.testee)).testee);
    await Promise.all(testees.map(work));
  } finally {
    for (const testee of testees) testee.stop();
  }
  return {
    testee: {
      name: first.hello.name,
      version: first.hello.implementationVersion,
      command: options.testee.command,
    },
    seed: options.seed,
    milliseconds: Math.round(performance.now() - started),
    cases: options.cases.flatMap((each) => results.get(each) ?? []),
  };
}

async function runCase(
  { id, definition, role }: Case,
  testee: Testee,
  hello: HelloResponse,
  options: RunOptions,
): Promise<CaseResult> {
  const started = performance.now();
  const log: string[] = [];
  const done = (outcome: Outcome): CaseResult => ({
    id,
    about: definition.about,
    requirements: definition.requirements,
    level: definition.level,
    role,
    milliseconds: Math.round(performance.now() - started),
    ...expected(outcome, options.expectedFailures.has(id)),
    log: outcome.verdict === "pass" ? [] : log.slice(-LOG_LINES),
  });
  const missing = missingIn(hello, { id, definition, role });
  if (missing !== undefined) return done({ verdict: "skipped", text: missing });
  try {
    await testee.revive();
    await definition.run({ testee, role: role ?? "client", seed: options.seed, log });
    await testee.destroyAll();
    return done({ verdict: "pass" });
  } catch (error) {
    await cleanUp(testee);
    if (error instanceof CaseFailure) {
      const requirement = error.requirement ?? definition.requirements[0];
      return done({ verdict: "fail", requirement, text: error.message });
    }
    if (error instanceof TesteeGone) return done({ verdict: error.how, text: error.message });
    if (error instanceof TesteeUnusable)
      return done({ verdict: "crash", text: `the testee did not start again: ${error.message}` });
    throw error;
  }
}

/** What a case that failed leaves behind; a testee that can not forget it is ended. */
async function cleanUp(testee: Testee): Promise<void> {
  try {
    await testee.destroyAll();
  } catch (error) {
    if (!(error instanceof CaseFailure || error instanceof TesteeGone)) throw error;
    testee.discard();
  }
}

/** How much of what happened goes into the report. */
const LOG_LINES = 400;

/** What the testee did not declare and the case needs. */
function missingIn(hello: HelloResponse, { definition, role }: Case): string | undefined {
  const level = LEVELS[definition.level];
  if (level !== undefined && !hello.levels.includes(level))
    return `level L${definition.level} is not declared`;
  const wireRole = role === undefined ? undefined : role === "client" ? Role.CLIENT : Role.SERVER;
  if (wireRole !== undefined && !hello.roles.includes(wireRole)) return `role ${role} is not declared`;
  const feature = definition.features?.find((each) => !hello.features.includes(each));
  return feature === undefined ? undefined : `feature ${feature} is not declared`;
}

function expected(outcome: Outcome, known: boolean): Outcome {
  if (!known) return outcome;
  if (outcome.verdict === "fail" || outcome.verdict === "crash" || outcome.verdict === "timeout")
    return { ...outcome, verdict: "expected-failure" };
  if (outcome.verdict === "pass")
    return { verdict: "unexpected-pass", text: "listed as a known failure, and passes" };
  return outcome;
}
