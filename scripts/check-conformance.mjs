// The conformance suite against this project's own machines, which have to pass, and against its mutants and null
// testees, which have to be found out by the cases that they name. `node scripts/check-conformance.mjs [mutant …]`
// checks the mutants that are named, and nothing else.
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MUTANTS, NULL_TESTEES } from "../conformance/mutants/mutants.mjs";
import { buildMutant, buildSuite } from "./conformance/build.mjs";

const folder = fileURLToPath(new URL("../conformance/", import.meta.url));
const wanted = process.argv.slice(2);
const problems = [];
const scratch = await mkdtemp(join(tmpdir(), "moshpit-conformance-"));

/** The results of a run: by case id. */
async function run(name, options, testee) {
  const report = join(scratch, name);
  const args = [join(folder, "dist/conformance.js"), ...options, "--report", report, "--", ...testee];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (said += text));
  const status = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (status !== 0 && status !== 1) throw new Error(`the suite did not run against ${name}: ${said}`);
  const { cases } = JSON.parse(await readFile(join(report, "results.json"), "utf8"));
  return { status, said, verdicts: new Map(cases.map(({ id, verdict }) => [id, verdict])) };
}

const only = (cases) => cases.flatMap((id) => ["--case", id]);

async function checkOwn() {
  const { status, said, verdicts } = await run("own", [], [process.execPath, join(folder, "dist/testee.js")]);
  process.stdout.write(said);
  if (status !== 0) problems.push("this project's own machines do not pass");
  for (const [id, verdict] of verdicts) if (verdict === "skipped") problems.push(`${id} is skipped`);
}

async function checkMutant(mutant) {
  const testee = await buildMutant(mutant);
  const { status, verdicts } = await run(
    mutant.name,
    ["--jobs", "1", ...only(mutant.killedBy)],
    [process.execPath, testee],
  );
  if (status !== 1) problems.push(`mutant ${mutant.name}: the suite ended with status ${status}, not 1`);
  for (const id of mutant.killedBy) {
    const verdict = verdicts.get(id) ?? "no such case";
    if (verdict !== "fail") problems.push(`mutant ${mutant.name}: ${id}: ${verdict}, it has to fail`);
  }
}

async function checkNull({ name, verdict = "fail", patience = 5_000, cases }) {
  const options = ["--jobs", "1", "--patience", String(patience), ...only(cases ?? [])];
  const testee = [process.execPath, join(folder, "testees/null/null-testee.mjs"), name];
  const { verdicts } = await run(name, options, testee);
  for (const [id, found] of verdicts)
    if (found !== verdict) problems.push(`the ${name} testee: ${id}: ${found}, not ${verdict}`);
}

/** Exit status 2: the testee does not start, the command line is wrong. CF-CLI-001. */
function checkExits() {
  for (const args of [["--", "/no/such/testee"], ["--no-such-option"], ["--case", "no-such-case"]]) {
    const options = { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] };
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(folder, "dist/conformance.js"), ...args],
      options,
    );
    if (status !== 2 || !/^conformance: [^\n]+\n$/.test(stderr))
      problems.push(`conformance ${args.join(" ")}: status ${status}, it said: ${stderr}`);
  }
}

/** What traces claim is proved from their packets. CF-TRC-001. */
function checkTraces() {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, "dist/traces.js")], {
    encoding: "utf8",
  });
  console.log(stdout.trimEnd().split("\n").at(-1));
  if (status !== 0) problems.push(stderr.trim());
}

/** Two at a time. */
async function all(tasks) {
  const work = async () => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) await task();
  };
  await Promise.all([work(), work()]);
}

try {
  const unknown = wanted.filter((name) => !MUTANTS.some((mutant) => mutant.name === name));
  if (unknown.length > 0) throw new Error(`no mutant ${unknown.join(", ")}`);
  const mutants = MUTANTS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  await buildSuite();
  if (wanted.length === 0) {
    checkExits();
    checkTraces();
    await checkOwn();
  }
  const nulls = wanted.length === 0 ? NULL_TESTEES : [];
  await all([
    ...nulls.map((each) => () => checkNull(each)),
    ...mutants.map((each) => () => checkMutant(each)),
  ]);
  console.log(`${mutants.length} mutants and ${nulls.length} null testees, ${problems.length} problems`);
} catch (error) {
  problems.push(error instanceof Error ? error.message : String(error));
} finally {
  await rm(scratch, { recursive: true });
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
