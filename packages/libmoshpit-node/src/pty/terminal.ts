import { closeSync, constants, openSync, readSync } from "node:fs";
import type { Socket } from "node:net";
import type { IPty } from "node-pty";
import {
  HANG_UP_GRACE_MS,
  signalGroup,
  type ProgramExit,
  type ProgramHandlers,
  type ProgramSpec,
  type TerminalProgram,
} from "./program.js";

export interface TerminalSpec extends ProgramSpec {
  /** The value of TERM. */
  readonly term: string;
  /** Cells. */
  readonly columns: number;
  readonly rows: number;
}

/**
 * Starts a program on a new pseudo-terminal. Throws if none is left; a file that can not be executed shows as exit
 * code 1. Only a session host calls this: node-pty is loaded here, not before.
 */
export async function openPty(spec: TerminalSpec, handlers: ProgramHandlers): Promise<TerminalProgram> {
  const { spawn } = (await import("node-pty")).default;
  const pty = spawn(spec.file, [...spec.args], {
    name: spec.term,
    cols: spec.columns,
    rows: spec.rows,
    cwd: spec.cwd,
    env: { ...spec.env },
    encoding: null,
  });
  return new Terminal(pty as IPty & Inside, handlers);
}

/** Loads node-pty ahead of the first `openPty`. */
export async function preparePty(): Promise<void> {
  await import("node-pty");
}

/**
 * What node-pty does not offer and a session needs. Tested against upgrades in terminal.test.ts.
 *
 * - A write's callback, for back-pressure: `_socket.write`.
 * - To stop reading at once. A paused Readable goes on filling its buffer, and the EIO that ends a terminal destroys the
 *   stream with whatever is in there: so the handle below it is stopped and started.
 * - The rest after a hang-up. When the last holder of the terminal is gone, libuv reports the end after the next short read,
 *   and reads of a terminal are always short: what the kernel still holds is read here, from `_fd`.
 * - The exit as it happens. node-pty destroys the stream 200 ms after the exit, read or not; with `_emittedClose`
 *   set it leaves the stream alone, and draining is done here.
 * - The other end, kept open until the program has ended. A program may close its descriptors well before it ends; were
 *   this the last holder's end, the stream would end with it, and closing the terminal would hang the program up.
 */
interface Inside {
  readonly _socket: Socket & { readonly _handle: { readStop(): void; readStart(): void } | null };
  readonly _fd: number;
  readonly ptsName: string;
  _emittedClose: boolean;
}

/** After the exit, this long a silence means that everything was read though others keep the terminal open. */
const QUIET_MS = 50;
/** The kernel holds far less than this when the program ends; more comes from others who keep writing. */
const MAX_AFTER_EXIT = 1 << 20;
/** What one read of a terminal gives at most. */
const READ_OCTETS = 4_096;
const END_OF_FILE = Uint8Array.of(4);

class Terminal implements TerminalProgram {
  readonly processId: number;
  readonly #pty: IPty & Inside;
  readonly #handlers: ProgramHandlers;
  #status: ProgramExit | undefined;
  #open = true;
  #paused = false;
  #over = false;
  #afterExit = 0;
  #otherEnd: number | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #grace: NodeJS.Timeout | undefined;

  constructor(pty: IPty & Inside, handlers: ProgramHandlers) {
    this.processId = pty.pid;
    this.#pty = pty;
    this.#handlers = handlers;
    this.#otherEnd = openSync(pty.ptsName, constants.O_RDWR | constants.O_NOCTTY);
    pty._emittedClose = true;
    pty.onData((data) => this.#read(data as unknown as Uint8Array));
    pty.onExit(({ exitCode, signal }) => this.#exited(exitCode, signal));
    pty._socket.on("end", () => this.#readRest());
    pty._socket.on("close", () => this.#closed());
    // A second listener: with node-pty's alone, it would throw what is not EIO. "close" follows either way.
    pty._socket.on("error", () => undefined);
  }

  write(bytes: Uint8Array, taken: () => void): void {
    if (this.#open) this.#pty._socket.write(bytes, () => taken());
    else taken();
  }

  endInput(): void {
    this.write(END_OF_FILE, () => undefined);
  }

  resize(columns: number, rows: number): void {
    if (this.#open) this.#pty.resize(columns, rows);
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    clearTimeout(this.#quiet);
    this.#pty._socket._handle?.readStop();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#pty._socket._handle?.readStart();
    this.#awaitQuiet();
  }

  hangUp(graceMs: number = HANG_UP_GRACE_MS): void {
    if (this.#status !== undefined) {
      this.#close();
      return;
    }
    signalGroup(this.processId, "SIGHUP");
    signalGroup(this.processId, "SIGCONT");
    this.#close();
    this.#grace ??= setTimeout(() => signalGroup(this.processId, "SIGKILL"), graceMs);
  }

  #read(bytes: Uint8Array): void {
    if (!this.#open) return;
    this.#handlers.data(bytes, false);
    if (this.#status === undefined) return;
    this.#afterExit += bytes.length;
    if (this.#afterExit > MAX_AFTER_EXIT) this.#close();
    else this.#awaitQuiet();
  }

  #readRest(): void {
    if (!this.#open) return;
    for (;;) {
      const octets = new Uint8Array(READ_OCTETS);
      try {
        const count = readSync(this.#pty._fd, octets);
        if (count === 0) return;
        this.#handlers.data(octets.subarray(0, count), false);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // EIO is how a terminal that hung up says that nothing is left; EAGAIN, that somebody opened it again.
        if (code === "EIO" || code === "EAGAIN") return;
        throw error;
      }
    }
  }

  #exited(exitCode: number, signal: number | undefined): void {
    clearTimeout(this.#grace);
    this.#status = signal === undefined || signal === 0 ? { code: exitCode } : { signal };
    this.#releaseOtherEnd();
    if (this.#open) this.#awaitQuiet();
    else this.#finish();
  }

  #closed(): void {
    this.#open = false;
    this.#releaseOtherEnd();
    clearTimeout(this.#quiet);
    this.#finish();
  }

  #awaitQuiet(): void {
    clearTimeout(this.#quiet);
    if (this.#status === undefined || this.#paused || !this.#open) return;
    this.#quiet = setTimeout(() => this.#close(), QUIET_MS);
  }

  /** The terminal hangs up: the kernel sends SIGHUP to whoever is in its foreground. "close" follows. */
  #close(): void {
    this.#open = false;
    clearTimeout(this.#quiet);
    this.#pty._socket.destroy();
  }

  #releaseOtherEnd(): void {
    if (this.#otherEnd === undefined) return;
    closeSync(this.#otherEnd);
    this.#otherEnd = undefined;
  }

  #finish(): void {
    if (this.#status === undefined || this.#over) return;
    this.#over = true;
    this.#handlers.exit(this.#status);
  }
}
