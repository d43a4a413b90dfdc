import { constants } from "node:os";

/** Signals that end `mp`, and that it answers by ending the session and giving the terminal back. */
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What a shell shows for a program that a signal ended. */
export function statusOfSignal(signal: NodeJS.Signals | number): number {
  return 128 + (typeof signal === "number" ? signal : constants.signals[signal]);
}

/** Calls `end` with the exit status for each signal that ends `mp`. */
export function onEndingSignal(end: (status: number) => void): void {
  for (const signal of ENDING) process.on(signal, () => end(statusOfSignal(signal)));
}
