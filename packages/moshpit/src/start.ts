import { adoptForeignTerminal } from "libmoshpit-node/tty";
import { OWN_ERROR } from "./failure.js";
import { run } from "./run.js";
import { exitNow } from "./signals.js";

adoptForeignTerminal();

/** A fault of `mp` itself. The terminal is given back by its guard, when the process exits. */
function crash(error: unknown): never {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`\r\nmp: internal error, please report it: ${text.replaceAll("\n", "\r\n")}\r\n`);
  process.exit(OWN_ERROR);
}

process.on("uncaughtException", crash);
process.on("unhandledRejection", crash);

// Sockets, timers and a standard input that never ends must not keep the process.
run(process.argv.slice(2)).then(exitNow, crash);
