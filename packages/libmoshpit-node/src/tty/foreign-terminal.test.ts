import { readFileSync, existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { spawn, type IPty } from "node-pty";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

/** What the program in the terminal does; it reports to a file, as its terminal may take no output. */
const PROBE = `
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { askOnTerminal } from "./ask.js";
import { writesUnderWay } from "./blocking-output.js";
import { isReopened } from "./descriptor.js";
import { PatientOutput } from "./output.js";
import { adoptForeignTerminal, withoutWaiting } from "./foreign-terminal.js";

const [, , task, report] = process.argv;
if (task !== "thread") adoptForeignTerminal();
const terminal = process.stdin;
const output = withoutWaiting(process.stdout, 1);
const descriptors = () => readdirSync("/proc/self/fd").length;
const shared = () => readFileSync("/proc/self/fdinfo/0", "utf8").match(/flags:.*/)[0];

if (task !== "ask") {
  const before = shared();
  new PatientOutput(output, () => undefined).write(Buffer.alloc(1 << 20, "x"));
  setTimeout(() => {
    const facts = { reopened: isReopened(process.stdin, 0), unchanged: shared() === before };
    writeFileSync(report, JSON.stringify(facts));
    if (writesUnderWay() > 0) process.kill(process.pid, "SIGKILL");
    process.exit(7);
  }, 200);
} else {
  terminal.setRawMode(true);
  terminal.on("data", () => undefined);
  const ask = async () => {
    terminal.pause();
    const answer = await askOnTerminal([], "Well? ", { echo: true });
    terminal.resume();
    return answer;
  };
  await ask();
  const before = descriptors();
  const answer = await ask();
  const leaked = descriptors() - before;
  setTimeout(() => {
    writeFileSync(report, JSON.stringify({ answer, leaked }));
    process.exit(7);
  }, 50);
}
`;

let folder = "";
let pty: IPty | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "moshpit-foreign-"));
  await build({
    stdin: { contents: PROBE, resolveDir: import.meta.dirname, loader: "ts" },
    outfile: join(folder, "probe.mjs"),
    bundle: true,
    format: "esm",
    platform: "node",
    conditions: ["source"],
    logLevel: "silent",
  });
  await writeFile(join(folder, "package.json"), "{}");
});

afterEach(() => {
  pty?.kill("SIGKILL");
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Root may open every terminal, unless it gives up just that. */
const without = process.getuid?.() === 0 ? "setpriv --bounding-set=-dac_override,-dac_read_search " : "";

/** Runs the probe on a terminal of its own or, `foreign`, one that it may use and not open. */
function probe(task: string, foreign: boolean): { terminal: IPty; report: string; status: Promise<number> } {
  const report = join(folder, `${task}-${foreign}`);
  const prepare = foreign ? `chmod 000 "$(tty)"; exec ${without}` : "exec ";
  const words = [process.execPath, join(folder, "probe.mjs"), task, report].map((word) => `'${word}'`);
  const terminal = (pty = spawn("sh", ["-c", prepare + words.join(" ")], { cols: 80, rows: 24 }));
  const status = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
  return { terminal, report, status };
}

const reported = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

describe.each([
  ["its own", false],
  ["another account's", true],
])("a program on %s terminal", (_name, foreign) => {
  it("goes on and ends while the terminal takes no output", async () => {
    const { terminal, report, status } = probe("stalled", foreign);
    terminal.pause();
    await expect.poll(() => existsSync(report), { timeout: 10_000 }).toBe(true);
    expect(reported(report)).toEqual({ reopened: true, unchanged: true });
    terminal.resume();
    expect(await status).toBe(7);
  });

  it("asks, goes on with the answer at once, and leaves no descriptor", async () => {
    const { terminal, report, status } = probe("ask", foreign);
    let questions = 0;
    terminal.onData((text) => {
      for (const _question of text.matchAll(/Well\? /g)) {
        terminal.write(questions++ === 0 ? "first\r" : "second\r");
      }
    });
    expect(await status).toBe(7);
    expect(reported(report)).toEqual({ answer: { kind: "text", text: "second" }, leaked: 0 });
  });
});

describe("a program on another account's terminal that is not its controlling one", () => {
  it("goes on while the terminal takes no output", async () => {
    const { terminal, report, status } = probe("thread", true);
    terminal.pause();
    await expect.poll(() => existsSync(report), { timeout: 10_000 }).toBe(true);
    expect(reported(report)).toEqual({ reopened: false, unchanged: true });
    terminal.resume();
    await status;
  });
});
