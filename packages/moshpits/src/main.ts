import { run } from "./run.js";

run(process.argv.slice(2)).then(
  (status) => process.exit(status),
  (error: unknown) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`mps: internal error, please report it: ${text}\n`);
    process.exit(1);
  },
);
