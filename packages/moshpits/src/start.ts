import { HUNG_UP, run } from "./run.js";

/** Runs `mps` and ends the process with its status. `hostPath` is the script of a session host. */
export function start(hostPath: string): void {
  run(process.argv.slice(2), hostPath).then(
    (status) => (status === HUNG_UP ? hangUp() : process.exit(status)),
    (error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.stderr.write(`mps: internal error, please report it: ${text}\n`);
      process.exit(1);
    },
  );
}

/** As every program that its terminal's end ends. At an exit Node would restore the terminal, and abort since there is none. */
function hangUp(): void {
  process.removeAllListeners("SIGHUP");
  process.kill(process.pid, "SIGHUP");
}
