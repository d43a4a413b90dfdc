import { constants } from "node:os";

/** What is to run. Nothing of this process's own environment is added. */
export interface ProgramSpec {
  /** Absolute. */
  readonly file: string;
  /** Without the program's own name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** How a program ended: its exit code, or the number of the signal that ended it. */
export type ProgramExit = { readonly code: number } | { readonly signal: number };

/** What a running program is heard through. Nothing is called before `open…` has returned. */
export interface ProgramHandlers {
  /** What it wrote; the octets are the handler's. A terminal has no standard error of its own. */
  data(bytes: Uint8Array, standardError: boolean): void;
  /** Nothing follows on this stream. Pipes only. */
  end(standardError: boolean): void;
  /** It ended, and everything that it wrote before has been handed over. Called once, last. */
  exit(status: ProgramExit): void;
}

/** A program that runs, in a session and process group of its own. */
export interface RunningProgram {
  readonly processId: number;
  /** `taken` is called when the system has accepted the octets, or when nobody is there to read them. */
  write(bytes: Uint8Array, taken: () => void): void;
  /** No more input. On a terminal this types end-of-file (^D). */
  endInput(): void;
  /** Reads no more output until `resume`, so that the program waits. */
  pause(): void;
  resume(): void;
  /**
   * The person is gone: SIGHUP to the process group (and the terminal hangs up), then SIGKILL to the group if the
   * program is still there after the grace. What ignores SIGHUP after the program ended (nohup) lives on.
   */
  hangUp(graceMs?: number): void;
}

/** A program with a terminal. */
export interface TerminalProgram extends RunningProgram {
  /** Cells. */
  resize(columns: number, rows: number): void;
}

export const HANG_UP_GRACE_MS = 3_000;

/** To a whole process group; one that is gone is no error. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EPERM: all that is left of the group has changed its user (setuid programs).
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}

/** As a child process reports it. */
export function exitOf(code: number | null, signal: NodeJS.Signals | null): ProgramExit {
  return signal === null ? { code: code ?? 255 } : { signal: constants.signals[signal] };
}
