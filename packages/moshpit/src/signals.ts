import { constants } from "node:os";
import { lookupsUnderWay } from "libmoshpit-node/net";
import { writesUnderWay } from "libmoshpit-node/tty";

/** Signals that end `mp`, and that it answers by ending the session and giving the terminal back. */
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/** What a shell shows for a program that a signal ended. */
export function statusOfSignal(signal: NodeJS.Signals | number): number {
  return 128 + (typeof signal === "number" ? signal : constants.signals[signal]);
}

/** Calls `end` with the exit status for each signal that ends `mp`. */
export function onEndingSignal(end: (status: number) => void): void {
  for (const signal of ENDING) process.on(signal, () => end(statusOfSignal(signal)));
}

/**
 * Ends the process with this status. While a name is looked up or a terminal takes no output, `process.exit` would
 * wait for that; a person who quits does not: then a signal ends the process, for the same status as a shell shows it where there is such a signal.
 */
export function exitNow(status: number): never {
  if (lookupsUnderWay() > 0 || writesUnderWay() > 0) {
    const signal = ENDING.find((each) => statusOfSignal(each) === status) ?? "SIGTERM";
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
  process.exit(status);
}
