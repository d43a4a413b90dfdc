import { spawn } from "node:child_process";
import type { ReadStream } from "node:tty";

/**
 * What `setRawMode` leaves on and a remote terminal needs off: output is passed as it is (a line feed does not
 * return the carriage), input is not translated.
 */
const STTY_ARGUMENTS: readonly string[] = ["-opost", "-ignbrk", "-parmrk", "-inlcr", "-igncr"];

/**
 * Switches a terminal to raw mode at once; the promise comes when output processing is off, too. That part needs
 * `stty`; where there is none, the terminal stays usable and `false` comes.
 */
export async function enterRawMode(terminal: ReadStream): Promise<boolean> {
  terminal.setRawMode(true);
  return await new Promise((resolve) => {
    // stty works on its standard input; terminal.fd may be another descriptor than 0.
    const fd = (terminal as ReadStream & { readonly fd?: number }).fd ?? 0;
    const child = spawn("stty", STTY_ARGUMENTS, { stdio: [fd, "ignore", "ignore"] });
    child.once("error", () => resolve(false));
    child.once("close", (code) => resolve(code === 0));
  });
}

/** Back to the state before the first `enterRawMode`, output processing included. */
export function leaveRawMode(terminal: ReadStream): void {
  terminal.setRawMode(false);
}
