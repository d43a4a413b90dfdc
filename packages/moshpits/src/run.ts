import { closeSync, constants, openSync } from "node:fs";
import { homedir } from "node:os";
import { loadServerConfig } from "libmoshpit-node/config";
import { fingerprint } from "libmoshpit-node/keys";
import { openLog, type Log } from "libmoshpit-node/log";
import { StartupError } from "./listener/host-key.js";
import { Listener } from "./listener/listener.js";
import { hostKeyOf, Reloader } from "./reload.js";

/** Could not start. */
const FAILED = 1;
/** As a shell counts an end by SIGPIPE. */
const UNREAD = 141;
/** The terminal went that mps was started at. */
export const HUNG_UP = 129;

/** Runs `mps` until a signal ends it; the exit status. `hostPath` is the script of a session host. */
export async function run(argv: readonly string[], hostPath: string): Promise<number> {
  // Whoever read the log there is gone. Unheard, a line would be an error that ends mps, or makes another line.
  process.stderr.on("error", () => undefined);
  // What is printed there is all there is to do: mps --check | head.
  process.stdout.on("error", () => process.exit(UNREAD));
  const invocation = { argv, env: process.env, cwd: process.cwd(), home: homedir() };
  const loaded = await loadServerConfig(invocation);
  if (loaded.kind === "print") {
    (loaded.status === 0 ? process.stdout : process.stderr).write(loaded.text);
    return loaded.status;
  }
  const { config, sources, warnings } = loaded;
  if (config.check) return (await import("./check/check.js")).check(loaded);
  const log = openLog(config.log, { target: "moshpits", role: "listener" });
  for (const warning of warnings) log.warn(warning);
  try {
    const key = await hostKeyOf(config, sources);
    for (const warning of key.warnings) log.warn(warning);
    log.info(`host key ${fingerprint(key.identity.publicKey)}`);
    const listener = new Listener({ config, identity: key.identity, log, hostPath });
    // Before anybody is told that there is something to stop.
    const ended = endingSignal(log, new Reloader({ invocation, config, listener, log }));
    const where = await listener.start();
    // With -e the log says it.
    if (process.stderr.isTTY && !config.log.stdout.enabled)
      process.stderr.write(`mps: listening on ${where}; log: ${config.log.file.path}\n`);
    const signal = await ended;
    listener.stop();
    log.info(`stopped by ${signal}; sessions go on`);
    return signal === "SIGHUP" ? HUNG_UP : 0;
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    log.error(error.message);
    if (!config.log.stdout.enabled) process.stderr.write(`mps: ${error.message}\n`);
    return FAILED;
  } finally {
    await log.close();
  }
}

/**
 * The signal that asked this process to end. SIGHUP is one only where the terminal is gone that mps was started at; else
 * it is to read its files again. What goes wrong meanwhile is logged, and ends nothing else.
 */
async function endingSignal(log: Log, reloader: Reloader): Promise<NodeJS.Signals> {
  process.on("uncaughtException", (error) =>
    log.warnLimited("unexpected", `unexpected: ${error.stack ?? error.message}`),
  );
  const hadTerminal = hasTerminal();
  return await new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(signal));
    process.on("SIGHUP", () => {
      if (hadTerminal && !hasTerminal()) resolve("SIGHUP");
      else reloader.reload();
    });
  });
}

/** Whether this process has a controlling terminal, and that is there. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", constants.O_RDWR | constants.O_NOCTTY));
    return true;
  } catch {
    return false;
  }
}
