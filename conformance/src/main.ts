import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ArgumentError, parseArguments, USAGE, type Arguments } from "./arguments.js";
import { ALL_CASES } from "./cases/index.js";
import { writeReport } from "./report/write.js";
import type { Case } from "./run/case.js";
import { BAD_VERDICTS, countsOf, isGreen, type CaseResult, type RunResult } from "./run/result.js";
import { runCases } from "./run/runner.js";
import { TesteeUnusable } from "./testee/testee.js";

const GREEN = 0;
const FAILURES = 1;
const DID_NOT_RUN = 2;
/** Milliseconds in which a testee has to say hello. */
const HELLO_PATIENCE = 5_000;

async function main(args: readonly string[]): Promise<number> {
  const wanted = parseArguments(args);
  if (wanted.help) {
    process.stdout.write(USAGE);
    return GREEN;
  }
  const cases = selected(wanted);
  if (cases.length === 0) throw new ArgumentError("no case is selected");
  if (wanted.list) {
    for (const { id, definition } of cases)
      console.log(`${id}  ${definition.requirements.join(" ")}  ${definition.about}`);
    return GREEN;
  }
  const result = await runCases({
    testee: { command: commandOf(wanted), helloPatience: HELLO_PATIENCE, patience: wanted.patience },
    cases,
    seed: wanted.seed,
    jobs: wanted.jobs,
    expectedFailures: expectedFailures(wanted.expected),
    onResult: tell,
  });
  if (wanted.report !== undefined) await writeReport(wanted.report, result);
  summarize(result);
  return isGreen(result) ? GREEN : FAILURES;
}

function selected({ roles, levels, cases }: Arguments): readonly Case[] {
  return ALL_CASES.filter(
    ({ id, definition, role }) =>
      levels.includes(definition.level) &&
      (role === undefined || roles.includes(role)) &&
      (cases.length === 0 || cases.some((part) => id.includes(part))),
  );
}

function commandOf({ testee }: Arguments): readonly [string, ...string[]] {
  const [file, ...args] = testee;
  if (file !== undefined) return [file, ...args];
  return [process.execPath, fileURLToPath(new URL("testee.js", import.meta.url))];
}

function expectedFailures(file: string | undefined): ReadonlySet<string> {
  if (file === undefined) return new Set();
  const ids = readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "");
  const unknown = ids.find((id) => !ALL_CASES.some((each) => each.id === id));
  if (unknown !== undefined) throw new ArgumentError(`${file} lists ${unknown}, which is no case`);
  return new Set(ids);
}

function tell({ id, verdict, requirement, text }: CaseResult): void {
  if (verdict === "pass") return;
  const why = requirement === undefined ? (text ?? "") : `${requirement}: ${text}`;
  console.log(`${BAD_VERDICTS.includes(verdict) ? "✗" : "·"} ${verdict.padEnd(8)} ${id}  ${why}`);
}

function summarize(result: RunResult): void {
  const { name, version } = result.testee;
  const counts = [...countsOf(result)].map(([verdict, count]) => `${count} ${verdict}`).join(", ");
  const seconds = (result.milliseconds / 1_000).toFixed(1);
  console.log(
    `${name} ${version}: ${counts} of ${result.cases.length} cases in ${seconds} s, seed ${result.seed}`,
  );
}

main(process.argv.slice(2)).then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    if (error instanceof ArgumentError || error instanceof TesteeUnusable) {
      process.stderr.write(`conformance: ${error.message}\n`);
    } else {
      process.stderr.write(`conformance: ${error instanceof Error ? error.stack : String(error)}\n`);
    }
    process.exitCode = DID_NOT_RUN;
  },
);
