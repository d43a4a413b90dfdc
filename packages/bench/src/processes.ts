import { readdirSync, readFileSync } from "node:fs";

/** What a process holds in memory; NaN if it has ended. */
export function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(statusOf(pid))?.[1]) / 1024;
}

/** The processes that a process started and that still run. */
export function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((each) => each > 0 && Number(/PPid:\s+(\d+)/.exec(statusOf(each))?.[1]) === pid);
}

/** Empty for a process that has ended. */
function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw error;
  }
}
