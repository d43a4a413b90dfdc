import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { blackoutBench } from "./blackout.js";
import { connectBench } from "./connect.js";
import { keysBench } from "./keys.js";
import { roamingBench } from "./roaming.js";
import { machineFacts, met, render, type Report, type Scope } from "./report.js";

const benches: Readonly<Record<string, (scope: Scope) => Promise<Report[]>>> = {
  connect: connectBench,
  keys: keysBench,
  roaming: roamingBench,
  blackout: blackoutBench,
};

const args = await yargs(hideBin(process.argv).filter((word) => word !== "--"))
  .scriptName("pnpm bench")
  .usage("$0 [names…]\n\nMeasures this project beside ssh and mosh where they are installed.")
  .option("runs", { type: "number", default: 10, describe: "how many times each thing is done" })
  .option("check", { type: "boolean", default: false, describe: "exit 1 if a goal is missed" })
  .option("slack", {
    type: "number",
    default: 1,
    describe: "with --check: how many times a limit may be taken",
  })
  .option("loopback", { type: "boolean", default: false, describe: "only what needs no network of its own" })
  .strictOptions()
  .parse();

const names = args._.length > 0 ? args._.map(String) : Object.keys(benches);
console.log(machineFacts(), "\n");
let missed = 0;
for (const name of names) {
  const bench = benches[name];
  if (bench === undefined) throw new Error(`no bench ${name}; there are ${Object.keys(benches).join(", ")}`);
  for (const report of await bench(args)) {
    console.log(render(report));
    missed += report.goals.filter((goal) => !met(goal, args.slack)).length;
  }
}
process.exitCode = args.check && missed > 0 ? 1 : 0;
