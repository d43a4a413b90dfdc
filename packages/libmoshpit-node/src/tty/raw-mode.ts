import { spawnSync } from "node:child_process";
import type { ReadStream } from "node:tty";

/**
 * What `setRawMode` leaves on and a remote terminal needs off: output is passed as it is (a line feed does not
 * return the carriage), input is not translated.
 */
const STTY_ARGUMENTS: readonly string[] = ["-opost", "-ignbrk", "-parmrk", "-inlcr", "-igncr"];

/** A terminal that makes nobody wait takes some milliseconds. */
const STTY_TIMEOUT_MS = 2_000;

/**
 * Switches a terminal to raw mode. Output processing needs `stty`: where there is none, the terminal stays usable and
 * the answer is `false`. `fd`: what `terminal` was made from.
 *
 * Waits for `stty`: run beside this process, it could come after the terminal was given back.
 */
export function enterRawMode(terminal: ReadStream, fd = 0): boolean {
  terminal.setRawMode(true);
  const { status } = spawnSync("stty", STTY_ARGUMENTS, {
    // stty works on its standard input.
    stdio: [fd, "ignore", "ignore"],
    timeout: STTY_TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  return status === 0;
}

/** Back to the state before `enterRawMode`, output processing included. */
export function leaveRawMode(terminal: ReadStream): void {
  terminal.setRawMode(false);
}
