// Records the traces of the conformance suite anew: `node scripts/record-traces.mjs [name …]`. It needs the built
// programs, bash, vim, less and tmux. A trace holds what was typed and its session's keys: it is recorded with keys
// that are made for it and thrown away.
import { spawnSync } from "node:child_process";
import { buildRecorder } from "./conformance/build.mjs";

const recorder = await buildRecorder();
const { status } = spawnSync(process.execPath, [recorder, ...process.argv.slice(2)], { stdio: "inherit" });
process.exitCode = status ?? 1;
