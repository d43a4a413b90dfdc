// How long the programs take to say their version, beside Node itself: `node scripts/start-time.mjs`, `--check=1.5`
// fails where one takes more than that many times as long. Build first.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const RUNS = 31;
const commands = {
  "node -e 0": ["-e", "0"],
  "mp --version": [join(root, "packages/moshpit/bin/mp.js"), "--version"],
  "mps --version": [join(root, "packages/moshpits/bin/mps.js"), "--version"],
  "mp-keygen --version": [join(root, "packages/moshpit-keygen/bin/mp-keygen.js"), "--version"],
};

// In turn, so that a busy moment of the machine costs all of them the same.
const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
for (let run = 0; run < RUNS; run++) {
  for (const [name, args] of Object.entries(commands)) {
    const start = performance.now();
    const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
    if (status !== 0) throw new Error(`${name} ended with ${status}: is everything built?`);
    times[name].push(performance.now() - start);
  }
}

const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
const base = median(times["node -e 0"]);
const limit = Number(/^--check=([\d.]+)$/.exec(process.argv[2] ?? "")?.[1] ?? Infinity);
for (const [name, list] of Object.entries(times)) {
  const ratio = median(list) / base;
  const verdict = ratio > limit ? `  MISSED: at most ${limit}` : "";
  if (verdict !== "") process.exitCode = 1;
  console.log(`${name.padEnd(20)} ${median(list).toFixed(1).padStart(7)} ms  ${ratio.toFixed(2)}${verdict}`);
}
