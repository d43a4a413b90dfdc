/** A stream on a terminal; Node opens the terminal anew for it where it may, and then uses a descriptor of its own. */
interface OnTerminal {
  readonly _handle?: { readonly fd?: number } | null;
}

/**
 * Whether Node could open the terminal on `fd` anew for `stream`. Where it could not (the terminal belongs to another
 * account, as after `su`), reads and writes wait, and no mode of the descriptor may be changed: it is the shell's, too.
 */
export function isReopened(stream: object, fd: number): boolean {
  const used = (stream as OnTerminal)._handle?.fd;
  return used !== undefined && used !== fd;
}
