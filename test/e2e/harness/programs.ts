import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** The built programs, as their bins start them. */
export const PROGRAMS = {
  mp: join(ROOT, "packages/moshpit/bin/mp.js"),
  mps: join(ROOT, "packages/moshpits/bin/mps.js"),
  "mp-keygen": join(ROOT, "packages/moshpit-keygen/bin/mp-keygen.js"),
} as const;

export type ProgramName = keyof typeof PROGRAMS;

export type Environment = Readonly<Record<string, string>>;

/** Of this process, without what would configure mp or mps, and with what is given. */
export function environment(more: Environment = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(MOSHPITS?_|LC_|LANG|COLORTERM)/.test(name));
  return { ...Object.fromEntries(kept), LANG: "C.UTF-8", ...more };
}

/** How a program without a terminal ended, and what it wrote. */
export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** A program under way without any terminal, not even a controlling one. */
export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
}

export interface RunOptions {
  readonly env?: Environment;
  /** Standard input; absent: empty. `open`: kept open and written to by the test. */
  readonly input?: Uint8Array | "open";
  /** Another file than the built program's. */
  readonly script?: string;
}

export function start(name: ProgramName, args: readonly string[], options: RunOptions = {}): Running {
  const child = spawn(process.execPath, [options.script ?? PROGRAMS[name], ...args], {
    // A session of its own, which has no controlling terminal.
    detached: true,
    env: environment(options.env),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const stdout: Buffer[] = [];
  let stderr = "";
  child.stdout.on("data", (bytes: Buffer) => stdout.push(bytes));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.on("error", () => undefined);
  if (options.input !== "open") child.stdin.end(options.input ?? new Uint8Array());
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) =>
      resolve({ status, signal, stdout: Buffer.concat(stdout), stderr }),
    );
  });
  return { child, finished };
}

/** Runs a program to its end. */
export async function run(
  name: ProgramName,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  return await start(name, args, options).finished;
}
