// Ends processes with all that they started, and removes files. What is gone already is fine.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** From asking whoever was started to asking all, and from that to insisting. */
const STEPS = [
  { signal: "SIGTERM", rootsOnly: true, waitMs: 500 },
  { signal: "SIGHUP", rootsOnly: false, waitMs: 1_500 },
  { signal: "SIGKILL", rootsOnly: false, waitMs: 0 },
];

/** Ends these processes and everything below them. */
export async function endProcesses(roots) {
  const targets = withDescendants(roots);
  for (const { signal, rootsOnly, waitMs } of STEPS) {
    for (const pid of rootsOnly ? roots : targets) tell(pid, signal);
    const end = performance.now() + waitMs;
    while (targets.some(isAlive) && performance.now() < end) await sleep(10);
    if (!targets.some(isAlive)) return;
  }
}

export function removeDirectory(path) {
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}

function tell(pid, signal) {
  // kill(-1) is everybody, kill(0) oneself.
  if (!Number.isSafeInteger(pid) || pid <= 1) throw new Error(`${pid} is no process of the demo`);
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

function withDescendants(roots) {
  const parents = parentOf();
  const found = new Set(roots);
  for (let before = 0; before < found.size;) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

/** Of every process. */
function parentOf() {
  if (existsSync("/proc/self/stat")) {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), Number(stat(name)?.[1])]);
  }
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  return lines.map((line) => line.trim().split(/\s+/).map(Number));
}

/** A zombie whose parent is gone waits for nobody. */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code !== "ESRCH";
  }
  return stat(pid)?.[0] !== "Z";
}

/** State and parent. */
function stat(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
  } catch {
    return undefined;
  }
}
