import { accessSync, constants, statSync } from "node:fs";
import type { Serve } from "libmoshpit-node/host-link";
import {
  loginEnvironment,
  openPipes,
  openPty,
  type ProgramHandlers,
  type RunningProgram,
  type TerminalProgram,
} from "libmoshpit-node/pty";
import type { OpenRequest, Terminal } from "libmoshpit/wire";

/** The program of a session could not be started; the message is one line for the log. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** What runs in a session; a terminal has a size. */
export type SessionProgram =
  | { readonly kind: "terminal"; readonly program: TerminalProgram }
  | { readonly kind: "pipes"; readonly program: RunningProgram };

/**
 * Starts the login shell of the user that this process runs as, or a command that this shell runs, on a terminal or on
 * pipes as the request says. `note` is given lines for the person that come before the program's own. Throws `StartError`.
 */
export async function startProgram(
  serve: Serve,
  request: OpenRequest,
  sessionName: string,
  handlers: ProgramHandlers,
  note: (line: string) => void,
): Promise<SessionProgram> {
  const { terminal, command, environment } = request;
  const account = {
    name: serve.user,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    home: serve.home,
    shell: serve.shell,
  };
  requireExecutable(serve.shell);
  const cwd = homeOr(serve.home, note);
  const facts = { term: terminal?.term, sessionName, forwarded: environment };
  const env = { ...loginEnvironment(account, facts), PWD: cwd };
  const args = command === undefined ? ["-l"] : ["-c", command];
  const spec = { file: serve.shell, args, env, cwd };
  try {
    if (terminal === undefined) return { kind: "pipes", program: await openPipes(spec, handlers) };
    const onTerminal = { ...spec, term: terminal.term, ...sizeOf(terminal) };
    return { kind: "terminal", program: await openPty(onTerminal, handlers) };
  } catch (error) {
    throw new StartError(`${serve.shell} could not be started: ${messageOf(error)}`);
  }
}

/** The size that a terminal starts with. */
export function sizeOf({ size }: Terminal): { readonly columns: number; readonly rows: number } {
  return { columns: size?.columns ?? 80, rows: size?.rows ?? 24 };
}

/** node-pty tells of a file that can not be executed only by an exit status. */
function requireExecutable(shell: string): void {
  try {
    accessSync(shell, constants.X_OK);
  } catch (error) {
    throw new StartError(`the login shell ${shell} can not be executed: ${messageOf(error)}`);
  }
}

function homeOr(home: string, note: (line: string) => void): string {
  try {
    if (!statSync(home).isDirectory()) throw new Error("not a directory");
    accessSync(home, constants.X_OK);
    return home;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    note(`No home directory ${home} (${code ?? "ENOTDIR"}): starting in /`);
    return "/";
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
