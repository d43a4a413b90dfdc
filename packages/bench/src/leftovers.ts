import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const removals = new Set<() => void>();
process.on("exit", () => removals.forEach((remove) => remove()));

/** A fresh directory that is gone when this process is, at the latest. */
export function temporaryDirectory(parent: string = tmpdir(), prefix = "moshpit-bench-"): string {
  const dir = mkdtempSync(join(parent, prefix));
  removals.add(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Asks a process to end when this one does, at the latest. */
export function endWithThis(child: ChildProcess): void {
  const kill = (): void => void child.kill("SIGTERM");
  removals.add(kill);
  child.once("exit", () => removals.delete(kill));
}
