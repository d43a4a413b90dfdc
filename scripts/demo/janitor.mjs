// Outlives the demo by a moment: when the demo is gone, however it went, this ends what it started and removes its
// files. Reads JSON lines on standard input, {"directory"} and {"pid"}; the end of input is the end of the demo.
import { createInterface } from "node:readline";
import { endProcesses, removeDirectory } from "./cleanup.mjs";

const pids = [];
let directory;

// The terminal's signals are for the demo.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined);

for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  if (told.pid !== undefined) pids.push(told.pid);
  if (told.directory !== undefined) directory = told.directory;
}
await endProcesses(pids);
if (directory !== undefined) removeDirectory(directory);
