import { BAD_VERDICTS, type CaseResult, type RunResult } from "../run/result.js";
import { escaped } from "./markup.js";

/** A run as JUnit has it: one suite, one test case a case. */
export function junitOf({ testee, cases, milliseconds }: RunResult): string {
  const failures = cases.filter(({ verdict }) => BAD_VERDICTS.includes(verdict)).length;
  const skipped = cases.filter(({ verdict }) => isSkipped(verdict)).length;
  const counts = `tests="${cases.length}" failures="${failures}" skipped="${skipped}"`;
  const time = (milliseconds / 1_000).toFixed(3);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="${escaped(`moshpit conformance: ${testee.name} ${testee.version}`)}" ${counts} time="${time}">`,
    ...cases.map(testCase),
    "</testsuite>",
    "",
  ].join("\n");
}

function testCase({ id, level, verdict, text, requirement, milliseconds, log }: CaseResult): string {
  const open = `  <testcase classname="L${level}" name="${escaped(id)}" time="${(milliseconds / 1_000).toFixed(3)}"`;
  if (isSkipped(verdict))
    return `${open}><skipped message="${escaped(`${verdict}: ${text ?? ""}`)}"/></testcase>`;
  if (!BAD_VERDICTS.includes(verdict)) return `${open}/>`;
  const message = requirement === undefined ? (text ?? "") : `${requirement}: ${text ?? ""}`;
  return `${open}><failure type="${verdict}" message="${escaped(message)}">${escaped(log.join("\n"))}</failure></testcase>`;
}

function isSkipped(verdict: CaseResult["verdict"]): boolean {
  return verdict === "skipped" || verdict === "expected-failure";
}
