import { fileURLToPath } from "node:url";

// Without a handler Node opens its inspector on this signal: a port at which every local user could run code as mps.
process.on("SIGUSR1", () => undefined);

// Only now, so that nothing is loaded before the line above.
const { HUNG_UP, run } = await import("./run.js");

/** Beside the bundle of mps. */
const hostPath = fileURLToPath(new URL("./mps-host.js", import.meta.url));

run(process.argv.slice(2), hostPath).then(
  (status) => (status === HUNG_UP ? hangUp() : process.exit(status)),
  (error: unknown) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`mps: internal error, please report it: ${text}\n`);
    process.exit(1);
  },
);

/** As every program that its terminal's end ends. At an exit Node would restore the terminal, and abort since there is none. */
function hangUp(): void {
  process.removeAllListeners("SIGHUP");
  process.kill(process.pid, "SIGHUP");
}
