import { writeFileSync } from "node:fs";
import { constants } from "node:os";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { blackoutBench } from "./blackout.js";
import { connectBench } from "./connect.js";
import { keysBench } from "./keys.js";
import { fairBench } from "./fair.js";
import { idleBench } from "./idle.js";
import { roamingBench } from "./roaming.js";
import { machineFacts, met, render, renderBody, type Report, type Scope } from "./report.js";

const benches: Readonly<Record<string, (scope: Scope) => AsyncGenerator<Report>>> = {
  connect: connectBench,
  keys: keysBench,
  roaming: roamingBench,
  blackout: blackoutBench,
  idle: idleBench,
  fair: fairBench,
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
  .option("long", {
    type: "boolean",
    default: false,
    describe: "idle: an hour's outage instead of 2 minutes",
  })
  .option("write", { type: "string", describe: "write what was found into this file, too, as Markdown" })
  .strictOptions()
  .parse();

// Not the default: what is to be removed at exit is removed.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => process.exit(128 + constants.signals[signal]));
}
const names = args._.length > 0 ? args._.map(String) : Object.keys(benches);
for (const name of names) {
  if (!(name in benches)) throw new Error(`no bench ${name}; there are ${Object.keys(benches).join(", ")}`);
}
const facts = machineFacts();
console.log(`${facts}\n`);
let missed = 0;
const document = [heading(), "", "```text", facts, "```", ""];
for (const bench of names.flatMap((name) => benches[name] ?? [])) {
  for await (const report of bench(args)) {
    console.log(render(report));
    document.push(`## ${report.title}`, "", "```text", ...renderBody(report), "```", "");
    // Each at once: a later bench may fail.
    if (args.write !== undefined) writeFileSync(args.write, document.join("\n"));
    missed += report.goals.filter((goal) => !met(goal, args.slack)).length;
  }
}
process.exitCode = args.check && missed > 0 ? 1 : 0;

function heading(): string {
  const options = hideBin(process.argv).filter((word) => word !== "--");
  return `# Beside ssh and mosh\n\nPrinted by \`pnpm bench ${options.join(" ")}\`, on this machine:`;
}
