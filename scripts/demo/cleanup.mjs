import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** How long processes may take to end when asked to, before they are made to. */
const PATIENCE_MS = 2_000;

/** Ends process groups, each named by its leader: asks, waits, insists. Gone already is fine. */
export async function endGroups(groups) {
  for (const group of groups) signal(group, "SIGTERM");
  const end = performance.now() + PATIENCE_MS;
  while (groups.some((group) => signal(group, 0)) && performance.now() < end) await sleep(10);
  for (const group of groups) signal(group, "SIGKILL");
}

/** Gone already is fine. */
export function removeDirectory(path) {
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}

/** Whether there was anybody to get it. */
function signal(group, name) {
  try {
    return process.kill(-group, name);
  } catch (error) {
    if (error.code === "ESRCH") return false;
    throw error;
  }
}
