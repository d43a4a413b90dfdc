import { versionAlone } from "libmoshpit-node/version";

// Node opens its inspector, a port through which this program and its keys are anybody's of this account and, in some
// settings, of the network, on SIGUSR1, unless somebody listens to that.
process.on("SIGUSR1", () => undefined);

const version = versionAlone("mp-keygen", process.argv.slice(2));
if (version === undefined) {
  const { runKeygen } = await import("./run.js");
  // As a shell counts an end by SIGPIPE: mp-keygen --help | head.
  process.stdout.on("error", () => process.exit(141));
  process.exitCode = await runKeygen(process.argv.slice(2));
} else {
  process.stdout.write(version);
}
