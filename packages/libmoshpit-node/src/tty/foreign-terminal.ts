import { closeSync, constants, openSync, readlinkSync } from "node:fs";
import type { Writable } from "node:stream";
import { isatty } from "node:tty";
import { BlockingOutput } from "./blocking-output.js";
import { isReopened } from "./descriptor.js";
import { isControllingTerminal } from "./job.js";

const READ_AND_WRITE = constants.O_RDWR | constants.O_NOCTTY;

/**
 * A terminal that belongs to another account, as after `su`, can be used and not opened; Node, which opens it anew to
 * be able to use it without waiting, would then stop altogether where there is nothing to read or no output is taken.
 * `/dev/tty` can be opened by every process of that terminal: from here on it is standard input, output and error,
 * where they are such a terminal. To be called before anything uses `process.stdin`, `stdout` or `stderr`, and before
 * any file is opened in another thread.
 */
export function adoptForeignTerminal(): void {
  for (const fd of [0, 1, 2]) {
    if (!isatty(fd) || !isControllingTerminal(fd) || canBeOpened(fd)) continue;
    const spare = openControllingTerminal();
    if (spare === undefined) return;
    closeSync(fd);
    // The lowest descriptor that is free: this one.
    openControllingTerminal();
    closeSync(spare);
  }
}

/**
 * `stream`, standard output or error, or what writes there in its place without waiting. `fd`: what `stream` was made
 * from.
 */
export function withoutWaiting(stream: NodeJS.WriteStream, fd: number): Writable {
  return stream.isTTY && !isReopened(stream, fd) ? new BlockingOutput(fd) : stream;
}

/** The controlling terminal, whoever it belongs to; undefined without one. */
export function openControllingTerminal(): number | undefined {
  try {
    return openSync("/dev/tty", READ_AND_WRITE);
  } catch {
    // ENXIO or ENOENT: there is none, which is an answer.
    return undefined;
  }
}

/** By its name, as Node does it. */
function canBeOpened(fd: number): boolean {
  try {
    closeSync(openSync(readlinkSync(`/proc/self/fd/${fd}`), READ_AND_WRITE));
    return true;
  } catch {
    // EACCES, or ENOENT in a container that the terminal is not part of.
    return false;
  }
}
