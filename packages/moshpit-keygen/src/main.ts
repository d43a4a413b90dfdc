import { runKeygen } from "./run.js";

// Node opens its inspector, a port through which this program and its keys are anybody's of this account and, in some
// settings, of the network, on SIGUSR1, unless somebody listens to that.
process.on("SIGUSR1", () => undefined);

process.exitCode = await runKeygen(process.argv.slice(2));
