import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { CaseFailure, casesOf, type CaseDefinition } from "./case.js";
import { countsOf, isGreen, type RunResult } from "./result.js";
import { runCases } from "./runner.js";
import { TesteeUnusable } from "../testee/testee.js";
import { junitOf } from "../report/junit.js";
import { htmlOf } from "../report/html.js";

const nullTestee = fileURLToPath(new URL("../../testees/null/null-testee.mjs", import.meta.url));

function define(
  name: string,
  run: CaseDefinition["run"],
  more: Partial<CaseDefinition> = {},
): CaseDefinition {
  return { name, level: 1, requirements: ["PK-SEAL-001", "PK-SEAL-002"], about: "<about>", run, ...more };
}

async function runOn(
  testee: string | readonly [string, ...string[]],
  definitions: readonly CaseDefinition[],
  expectedFailures: readonly string[] = [],
): Promise<RunResult> {
  return await runCases({
    testee: {
      command: typeof testee === "string" ? [process.execPath, nullTestee, testee] : testee,
      helloPatience: 10_000,
      patience: testee === "silent" ? 400 : 20_000,
    },
    cases: casesOf(definitions),
    seed: 1,
    jobs: 1,
    expectedFailures: new Set(expectedFailures),
  });
}

const ask: CaseDefinition["run"] = async ({ testee }) => {
  await testee.ask("transcript", { frames: [], items: [] });
};
const pass: CaseDefinition["run"] = () => Promise.resolve();
const fail: CaseDefinition["run"] = ({ log }) => {
  log.push("what happened & why");
  return Promise.reject(new CaseFailure("PK-SEAL-002", "it is <wrong>"));
};

describe("a run", () => {
  it("goes on after a crash, with a testee that is started again (CF-RUN-001 CF-TST-005)", async () => {
    const { cases } = await runOn("crashing", [define("a/a", ask), define("a/b", ask), define("a/c", pass)]);
    expect(cases.map(({ verdict }) => verdict)).toEqual(["crash", "crash", "pass"]);
    expect(cases[0]?.text).toMatch(/status 7.*no more/);
  });

  it("goes on after a timeout", async () => {
    const { cases } = await runOn("silent", [define("a/a", ask), define("a/b", ask)]);
    expect(cases.map(({ verdict }) => verdict)).toEqual(["timeout", "timeout"]);
    expect(cases[0]?.text).toMatch(/no response to transcript within 400 ms/);
  });

  it("takes an error in place of a response for a failure (CF-TST-004)", async () => {
    const { cases } = await runOn("unsupported", [define("a/a", ask)]);
    expect(cases[0]).toMatchObject({ verdict: "fail", requirement: "PK-SEAL-001" });
    expect(cases[0]?.text).toMatch(/unsupported/);
  });

  it("takes what is not the protocol for a crash (CF-TST-001)", async () => {
    const { cases } = await runOn("noisy", [define("a/a", ask)]);
    expect(cases[0]).toMatchObject({ verdict: "crash" });
  });

  it("does not begin without a hello (CF-TST-002)", async () => {
    const never = runCases({
      testee: {
        command: [process.execPath, "-e", "setInterval(() => undefined, 1000)"],
        helloPatience: 300,
        patience: 300,
      },
      cases: casesOf([define("a/a", pass)]),
      seed: 1,
      jobs: 1,
      expectedFailures: new Set(),
    });
    await expect(never).rejects.toThrow(TesteeUnusable);
    await expect(runOn(["/no/such/program"], [define("a/a", pass)])).rejects.toThrow(TesteeUnusable);
    await expect(runOn([process.execPath, "-e", ""], [define("a/a", pass)])).rejects.toThrow(TesteeUnusable);
  });

  it("knows expected failures and unexpected passes", async () => {
    const listed = ["l1/a/fails", "l1/a/passes"];
    const result = await runOn("always-ok", [define("a/fails", fail), define("a/passes", pass)], listed);
    expect(result.cases.map(({ verdict }) => verdict)).toEqual(["expected-failure", "unexpected-pass"]);
    expect(isGreen(result)).toBe(false);
    expect(isGreen(await runOn("always-ok", [define("a/fails", fail)], ["l1/a/fails"]))).toBe(true);
  });

  it("skips what the testee did not declare", async () => {
    const { cases } = await runOn("always-ok", [
      define("a/a", pass, { features: ["teleportation"] }),
      define("a/b", pass, { roles: ["client", "server"] }),
    ]);
    expect(cases.map(({ id, verdict }) => `${id} ${verdict}`)).toEqual([
      "l1/a/a skipped",
      "l1/a/b@client pass",
      "l1/a/b@server pass",
    ]);
    expect(cases[0]?.text).toBe("feature teleportation is not declared");
  });

  it("stops at a fault of the suite itself", async () => {
    const broken = define("a/a", () => Promise.reject(new TypeError("mine")));
    await expect(runOn("always-ok", [broken])).rejects.toThrow("mine");
  });

  it("is reported with every case, escaped", async () => {
    const result = await runOn("always-ok", [define("a/fails", fail), define("a/passes", pass)]);
    expect(countsOf(result)).toEqual(
      new Map([
        ["fail", 1],
        ["pass", 1],
      ]),
    );
    const junit = junitOf(result);
    expect(junit).toContain('tests="2" failures="1" skipped="0"');
    expect(junit).toContain('message="PK-SEAL-002: it is &lt;wrong&gt;">what happened &amp; why</failure>');
    const html = htmlOf(result);
    expect(html).toContain("PK-SEAL-002: it is &lt;wrong&gt;");
    expect(html).toContain("&lt;about&gt;");
    expect(html).not.toContain("<about>");
  });
});
