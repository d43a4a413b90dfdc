import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, constants, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import type { Socket } from "node:net";
import { markExposed, shadows } from "./exposed-descriptors.js";
import {
  exitOf,
  HANG_UP_GRACE_MS,
  signalGroup,
  type ProgramExit,
  type ProgramHandlers,
  type ProgramSpec,
  type TerminalProgram,
} from "./program.js";
import { TerminalWriter } from "./terminal-writer.js";

export interface TerminalSpec extends ProgramSpec {
  /** The value of TERM. */
  readonly term: string;
  /** Cells. */
  readonly columns: number;
  readonly rows: number;
}

/**
 * Starts a program on a new pseudo-terminal. Throws if there is none left or no shell to start it with; a file that can
 * not be executed shows as exit code 126 or 127, with the reason on the terminal. Only a session host calls this: node-pty is
 * loaded here, not before.
 */
export async function openPty(spec: TerminalSpec, handlers: ProgramHandlers): Promise<TerminalProgram> {
  const { open } = (await import("node-pty")).default as unknown as { open: (size: OpenOptions) => Inside };
  const pty = open({ cols: spec.columns, rows: spec.rows, encoding: null });
  const otherEnd = takeOtherEnd(pty);
  pty._socket.once("close", markExposed(pty._fd));
  try {
    return new Terminal(pty, otherEnd, await started(spec, pty), handlers);
  } catch (error) {
    closeSync(otherEnd);
    pty._socket.destroy();
    throw error;
  } finally {
    pty._slave.destroy();
  }
}

interface OpenOptions {
  readonly cols: number;
  readonly rows: number;
  readonly encoding: null;
}

/**
 * The first terminal that the leader of a new session opens is its controlling one. node-pty's own spawn would hand the
 * program every terminal of this process.
 */
const ON_TERMINAL = 'exec <>"$0" >&0 2>&0; stty iutf8; exec "$@"';

/**
 * node-pty makes a stream of the other end; libuv opens that end once more for it and forgets the descriptor that it was
 * given, which this finds. It serves as long as the program runs.
 */
function takeOtherEnd({ _pty, _slave }: Inside): number {
  const ofStream = _slave._handle?.fd;
  const forgotten = readdirSync("/proc/self/fd")
    .map(Number)
    .find((fd) => fd !== ofStream && linkOf(fd) === _pty);
  return forgotten ?? openSync(_pty, constants.O_RDWR | constants.O_NOCTTY);
}

/** The descriptor of the listing itself is gone when it is looked at. */
function linkOf(descriptor: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return undefined;
  }
}

async function started(spec: TerminalSpec, pty: Inside): Promise<ChildProcess> {
  const child = spawn("/bin/sh", ["-c", ON_TERMINAL, pty._pty, spec.file, ...spec.args], {
    cwd: spec.cwd,
    env: { ...spec.env, TERM: spec.term },
    stdio: ["ignore", "ignore", "ignore", ...shadows()],
    detached: true,
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  return child;
}

/** Loads node-pty ahead of the first `openPty`. */
export async function preparePty(): Promise<void> {
  await import("node-pty");
}

/**
 * What node-pty does not offer and a session needs. Tested against upgrades in terminal.test.ts.
 *
 * - To stop reading at once. A paused Readable goes on filling its buffer, and the EIO that ends a terminal destroys the
 *   stream with whatever is in there: so the handle below it is stopped and started.
 * - The rest after a hang-up. When the last holder of the terminal is gone, libuv reports the end after the next short read,
 *   and reads of a terminal are always short: what the kernel still holds is read here, from `_fd`.
 * - The other end, kept open until the program has ended. A program may close its descriptors well before it ends; were
 *   this the last holder's end, the stream would end with it, and closing the terminal would hang the program up.
 */
interface Inside {
  readonly _socket: Socket & { readonly _handle: { readStop(): void; readStart(): void } | null };
  readonly _slave: Socket & { readonly _handle: { readonly fd: number } | null };
  readonly _fd: number;
  /** The path of the other end. */
  readonly _pty: string;
  resize(columns: number, rows: number): void;
  on(event: "error", listener: (error: Error) => void): void;
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
  readonly #pty: Inside;
  readonly #handlers: ProgramHandlers;
  readonly #input: TerminalWriter;
  #otherEnd: number | undefined;
  #status: ProgramExit | undefined;
  #open = true;
  #paused = false;
  #over = false;
  #afterExit = 0;
  #quiet: NodeJS.Timeout | undefined;
  #grace: NodeJS.Timeout | undefined;

  constructor(pty: Inside, otherEnd: number, child: ChildProcess, handlers: ProgramHandlers) {
    this.processId = child.pid ?? 0;
    this.#pty = pty;
    this.#input = new TerminalWriter(pty._fd, () => this.#holdsDescriptor);
    this.#otherEnd = otherEnd;
    this.#handlers = handlers;
    child.on("exit", (code, signal) => this.#exited(exitOf(code, signal)));
    // Of signalling a child that is gone; starting it has succeeded.
    child.on("error", () => undefined);
    pty._socket.on("data", (bytes: Uint8Array) => this.#read(bytes));
    pty._socket.on("end", () => this.#readRest());
    pty._socket.on("close", () => this.#closed());
    // EIO is how a terminal ends; "close" follows. node-pty throws what only it listens to.
    pty.on("error", () => undefined);
    pty.on("error", () => undefined);
  }

  write(bytes: Uint8Array, taken: () => void): void {
    this.#input.write(bytes, taken);
  }

  endInput(): void {
    this.write(END_OF_FILE, () => undefined);
  }

  resize(columns: number, rows: number): void {
    if (this.#holdsDescriptor) this.#pty.resize(columns, rows);
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

  /**
   * The stream closes the descriptor as it is destroyed, at its end or by an error, and tells so later: until then the
   * number may be another session's terminal already.
   */
  get #holdsDescriptor(): boolean {
    return this.#open && !this.#pty._socket.destroyed;
  }

  #read(bytes: Uint8Array): void {
    if (!this.#open) return;
    this.#handlers.data(bytes, false);
    this.#input.goOn();
    if (this.#status === undefined) return;
    this.#afterExit += bytes.length;
    if (this.#afterExit > MAX_AFTER_EXIT) this.#close();
    else this.#awaitQuiet();
  }

  #readRest(): void {
    if (!this.#holdsDescriptor) return;
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

  #exited(status: ProgramExit): void {
    clearTimeout(this.#grace);
    this.#status = status;
    this.#releaseOtherEnd();
    if (this.#open) this.#awaitQuiet();
    else this.#finish();
  }

  #closed(): void {
    this.#open = false;
    this.#input.close();
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
    this.#input.close();
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
