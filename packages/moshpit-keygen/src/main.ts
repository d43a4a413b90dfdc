import { runKeygen } from "./run.js";

process.exitCode = await runKeygen(process.argv.slice(2));
