import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { isAlive, withDescendants } from "./harness/processes.js";
import { environment } from "./harness/programs.js";
import { OuterTerminal } from "./harness/terminal.js";

const DEMO = fileURLToPath(new URL("../../scripts/demo.mjs", import.meta.url));

interface Demo {
  readonly child: ChildProcess;
  readonly ended: Promise<{ status: number | null; stdout: string; stderr: string }>;
  /** What it says while it runs. */
  stderr(): string;
}

/** The demo without any terminal. */
function demo(...args: readonly string[]): Demo {
  const child = spawn(process.execPath, [DEMO, ...args], {
    detached: true,
    env: environment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) =>
    child.once("close", (status) => resolve({ status, stdout, stderr })),
  );
  return { child, ended, stderr: () => stderr };
}

function directories(): readonly string[] {
  return readdirSync(homedir()).filter((name) => name.startsWith(".moshpit-demo-"));
}

/** Processes whose command line names a directory of a demo. */
function processes(): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(".moshpit-demo-");
    } catch {
      return false;
    }
  });
}

async function expectNothingLeft(pids: readonly number[] = []): Promise<void> {
  await expect
    .poll(() => [directories(), processes(), pids.filter(isAlive)], { timeout: 10_000 })
    .toEqual([[], [], []]);
}

describe("npm run demo", () => {
  it("runs a command without a terminal: its output alone, its status", async () => {
    const { status, stdout } = await demo("--", "uname -a; exit 7").ended;
    expect(stdout).toMatch(/^Linux .*\n$/);
    expect(status).toBe(7);
    await expectNothingLeft();
  });

  it("runs a short session without a terminal and shows its screen", async () => {
    const { status, stdout, stderr } = await demo().ended;
    expect(stdout).toMatch(/^demo\$ echo corrected typo\ncorrected typo$/m);
    expect(stdout).toContain("wide: 漢字 ñ ☃");
    expect(stdout).toContain("\n24 80\n");
    expect({ status, stderr: stderr.includes("a private mps on 127.0.0.1:") }).toEqual({
      status: 0,
      stderr: true,
    });
    await expectNothingLeft();
  });

  it("puts a bad network in between", async () => {
    const { status, stdout, stderr } = await demo("--link", "hotel", "--", "echo through").ended;
    expect({ status, stdout }).toEqual({ status: 0, stdout: "through\n" });
    expect(stderr).toContain("crowded Wi-Fi");
    await expectNothingLeft();
  });

  it("lists the networks, and refuses others", async () => {
    expect((await demo("--link", "list").ended).stdout).toMatch(/^3g .*750 kbit\/s$/m);
    expect(await demo("--link", "carrier-pigeon").ended).toMatchObject({ status: 255, stdout: "" });
    expect(await demo("--what").ended).toMatchObject({ status: 255, stdout: "" });
  });

  it("gives a shell in a terminal", async () => {
    const terminal = new OuterTerminal(process.execPath, [DEMO]);
    await terminal.shows(/leave with exit[^]*[$#%>] $/);
    terminal.type("echo in the $((1 + 1))nd shell; exit 5\r");
    await terminal.shows(/in the 2nd shell\r\n/);
    expect(await terminal.exited).toBe(5);
    await expectNothingLeft();
  });

  it.each<[NodeJS.Signals, number | null]>([
    ["SIGTERM", 143],
    ["SIGHUP", 129],
    ["SIGKILL", null],
  ])("leaves nothing behind after %s", async (signal, expected) => {
    const { child, ended } = demo("--", "sleep 1000");
    await expect.poll(() => processes().length, { timeout: 20_000 }).toBeGreaterThan(1);
    const pids = withDescendants(child.pid ?? 0);
    child.kill(signal);
    expect((await ended).status).toBe(expected);
    await expectNothingLeft(pids);
  });

  it("leaves nothing behind after Ctrl-C in the middle of its start", async () => {
    const terminal = new OuterTerminal(process.execPath, [DEMO, "--link", "satellite"]);
    await expect.poll(() => directories().length, { timeout: 20_000 }).toBe(1);
    const pids = withDescendants(terminal.pid);
    terminal.type("\x03");
    expect(await terminal.exited).toBe(130);
    await expectNothingLeft(pids);
  });

  it("leaves nothing behind when the server crashes", async () => {
    const { child, ended } = demo("--", "sleep 1000");
    await expect.poll(() => processes().length, { timeout: 20_000 }).toBeGreaterThan(1);
    const pids = withDescendants(child.pid ?? 0);
    for (const pid of pids) {
      if (isAlive(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("mps.js"))
        process.kill(pid, "SIGKILL");
    }
    // The session's host may outlive the listener; the demo's own end ends it.
    child.kill("SIGTERM");
    await ended;
    await expectNothingLeft(pids);
  });
});
