import { versionAlone } from "libmoshpit-node/version";

// Node opens its inspector, a port through which this program and its keys are anybody's of this account and, in some
// settings, of the network, on SIGUSR1, unless somebody listens to that.
process.on("SIGUSR1", () => undefined);

const version = versionAlone("mp", process.argv.slice(2));
if (version === undefined) await import("./start.js");
else process.stdout.write(version);
