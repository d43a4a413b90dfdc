// `npm test`: installs, builds and runs everything, then prints the true totals on the last line.
// Only Node's own modules: it runs before anything is installed.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bootstrap } from "./bootstrap.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, "node_modules/.bin", name);

/** Each of these passes or fails as a whole. */
const checks = [
  ["types of sources and tests", bin("tsc"), "-p", "tsconfig.test.json"],
  ["lint", bin("eslint"), "."],
  ["format", bin("prettier"), "--check", "--log-level", "warn", "."],
  ["layers", bin("depcruise"), "--config", ".dependency-cruiser.cjs", "--output-type", "err", "packages"],
  ["protocol definitions and codecs", process.execPath, "scripts/check-proto.mjs"],
  ["vectors are current", process.execPath, "scripts/vectors.mjs", "--check"],
  ["manual pages, completions and examples are current", process.execPath, "scripts/surface.mjs", "--check"],
  ["requirements and tests", process.execPath, "scripts/check-requirements.mjs"],
  ["recovery figures are current", process.execPath, "scripts/recovery-figures.mjs", "--check"],
  ["conformance, and its mutants", process.execPath, "scripts/check-conformance.mjs"],
];

/** Speed depends on the machine: three times each goal is what a fault takes, not a neighbour. */
const benches = [
  [
    "loopback benches within three times their goals",
    process.execPath,
    "packages/bench/bin/bench.js",
    "connect",
    "keys",
    "--loopback",
    "--check",
    "--slack=3",
    "--runs=4",
  ],
];

/** Vitest's projects, each with the Node that runs it; e2e starts the built programs. */
const runs = [
  { project: "unit", node: process.execPath },
  { project: "e2e", node: process.execPath },
  // Another release of Node, where there is one: CI names the current LTS here.
  ...(process.env.TEST_ALSO_WITH_NODE ? [{ project: "unit", node: process.env.TEST_ALSO_WITH_NODE }] : []),
];

const totals = { passed: 0, failed: 0, skipped: 0 };
const skips = [];

function run(command, args) {
  return spawnSync(command, args, { cwd: root, stdio: "inherit" }).status === 0;
}

function runChecks(list) {
  for (const [name, command, ...args] of list) {
    const ok = run(command, args);
    totals[ok ? "passed" : "failed"] += 1;
    console.log(`${ok ? "ok  " : "FAIL"} ${name}`);
  }
}

function runProject({ project, node }, scratch) {
  const report = join(scratch, "report.json");
  const ok = run(node, [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--project",
    project,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ]);
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
  rmSync(report);
  const skipped = testResults
    .flatMap((file) => file.assertionResults)
    .filter((test) => !["passed", "failed"].includes(test.status));
  totals.passed += numPassedTests;
  // A file that does not even load has no failed test, and yet it failed.
  totals.failed += ok ? 0 : Math.max(1, numFailedTests);
  totals.skipped += skipped.length;
  skips.push(...skipped.map((test) => test.fullName));
}

const scratch = mkdtempSync(join(tmpdir(), "moshpit-test-"));
try {
  bootstrap();
  runChecks(checks);
  for (const each of runs) runProject(each, scratch);
  runChecks(benches);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  totals.failed += 1;
} finally {
  rmSync(scratch, { recursive: true });
}

for (const name of skips) console.log(`skipped: ${name}`);
const skipsAreFailures = process.env.CI === "true" && totals.skipped > 0;
if (skipsAreFailures) console.log("CI installs everything that the tests need: a skip is a failure here.");
process.exitCode = totals.failed > 0 || skipsAreFailures ? 1 : 0;
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
