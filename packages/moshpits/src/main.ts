import { fileURLToPath } from "node:url";
import { versionAlone } from "libmoshpit-node/version";

// Without a handler Node opens its inspector on this signal: a port at which every local user could run code as mps.
process.on("SIGUSR1", () => undefined);

const version = versionAlone("mps", process.argv.slice(2));
if (version === undefined) {
  // Only now, so that nothing is loaded before the line above.
  const { start } = await import("./start.js");
  // Beside the bundle of mps.
  start(fileURLToPath(new URL("./mps-host.js", import.meta.url)));
} else {
  process.stdout.write(version);
}
