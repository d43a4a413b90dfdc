import type { OpenRequestInit } from "libmoshpit/wire";
import type { Size } from "libmoshpit-node/tty";

/** What decides whether the program gets a terminal. */
export interface TerminalWish {
  /** `--tty`. */
  readonly forced: boolean;
  readonly command: string | undefined;
  readonly stdinIsTerminal: boolean;
  readonly stdoutIsTerminal: boolean;
}

/**
 * A person at a terminal gets a terminal, also for a command. Not for `mp host -- tar c . > file`, though: nobody
 * looks at what goes into a file, and a terminal would change it.
 */
export function wantsTerminal(wish: TerminalWish): boolean {
  if (wish.forced) return true;
  return wish.stdinIsTerminal && (wish.command === undefined || wish.stdoutIsTerminal);
}

/** Environment variables that go along: the locale, and whether colours are many. */
const FORWARDED = /^(LANG|LANGUAGE|LC_[A-Z]+|COLORTERM)$/;

/** spec/03-handshake.md: EnvironmentVariable, OpenRequest. */
const LONGEST_VALUE = 1_024;
const MOST_VARIABLES = 32;

/** What `mp` asks the server for. `terminal`: the size of the terminal, if the program is to get one. */
export function openRequest(
  env: Readonly<Record<string, string | undefined>>,
  command: string | undefined,
  terminal: Size | undefined,
): OpenRequestInit {
  return {
    environment: forwardedEnvironment(env),
    ...(command === undefined ? {} : { command }),
    ...(terminal === undefined ? {} : { terminal: { term: terminalType(env["TERM"]), size: terminal } }),
  };
}

function forwardedEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): { readonly name: string; readonly value: string }[] {
  return Object.entries(env)
    .filter(([name]) => FORWARDED.test(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, value]) => (isCarried(value) ? [{ name, value }] : []))
    .slice(0, MOST_VARIABLES);
}

function isCarried(value: string | undefined): value is string {
  return (
    value !== undefined && value !== "" && Buffer.byteLength(value) <= LONGEST_VALUE && !value.includes("\0")
  );
}

/** A type that the protocol can not carry is one that no server knows. */
function terminalType(term: string | undefined): string {
  return term !== undefined && /^[A-Za-z0-9._+-]{1,64}$/.test(term) ? term : "dumb";
}
