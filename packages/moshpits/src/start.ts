import { run } from "./run.js";

/** Runs `mps` and ends the process with its status. `hostPath` is the script of a session host. */
export function start(hostPath: string): void {
  run(process.argv.slice(2), hostPath).then(
    (status) => process.exit(status),
    (error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.stderr.write(`mps: internal error, please report it: ${text}\n`);
      process.exit(1);
    },
  );
}
