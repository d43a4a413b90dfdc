import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunResult } from "../run/result.js";
import { htmlOf } from "./html.js";
import { junitOf } from "./junit.js";

/** results.json is the truth; junit.xml and index.html are made from it. */
export async function writeReport(directory: string, result: RunResult): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "results.json"), `${JSON.stringify(result, null, 2)}\n`);
  await writeFile(join(directory, "junit.xml"), junitOf(result));
  await writeFile(join(directory, "index.html"), htmlOf(result));
}
