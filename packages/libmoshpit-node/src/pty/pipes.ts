import { spawn, type ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { openAnonymousPipes, type Pipes } from "./anonymous-pipes.js";
import { shadows } from "./exposed-descriptors.js";
import {
  exitOf,
  HANG_UP_GRACE_MS,
  signalGroup,
  type ProgramExit,
  type ProgramHandlers,
  type ProgramSpec,
  type RunningProgram,
} from "./program.js";

/**
 * Starts a program without a terminal: standard input, output and error are pipes of their own. It is over when it has
 * ended and nobody holds its output any more. Throws what spawning throws (`ENOENT`, `EACCES`, `EAGAIN` …).
 */
export async function openPipes(spec: ProgramSpec, handlers: ProgramHandlers): Promise<RunningProgram> {
  // Where they can not be made the program gets sockets, as Node makes them.
  const pipes = await openAnonymousPipes().catch(() => undefined);
  try {
    const child = await started(spec, pipes);
    return new Piped(child, pipes === undefined ? streamsOf(child) : pipes, handlers);
  } catch (error) {
    for (const stream of [pipes?.input, pipes?.output, pipes?.errors]) stream?.destroy();
    throw error;
  } finally {
    pipes?.closeProgramEnds();
  }
}

interface Streams {
  readonly input: Writable;
  readonly output: Readable;
  readonly errors: Readable;
}

async function started(spec: ProgramSpec, pipes: Pipes | undefined): Promise<ChildProcess> {
  const child = spawn(spec.file, [...spec.args], {
    cwd: spec.cwd,
    env: { ...spec.env },
    stdio: [...(pipes === undefined ? (["pipe", "pipe", "pipe"] as const) : pipes.programEnds), ...shadows()],
    // Its own session and process group, so that a hang-up reaches all of it and nothing else.
    detached: true,
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  return child;
}

function streamsOf({ stdin, stdout, stderr }: ChildProcess): Streams {
  if (stdin === null || stdout === null || stderr === null)
    throw new Error("a program was started without pipes");
  return { input: stdin, output: stdout, errors: stderr };
}

class Piped implements RunningProgram {
  readonly processId: number;
  readonly #input: Writable;
  readonly #outputs: readonly Readable[];
  readonly #handlers: ProgramHandlers;
  #openOutputs = 2;
  #status: ProgramExit | undefined;
  #grace: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess, { input, output, errors }: Streams, handlers: ProgramHandlers) {
    this.processId = child.pid ?? 0;
    this.#input = input;
    this.#outputs = [output, errors];
    this.#handlers = handlers;
    // The program closed its input or is gone: what is written from now on is taken by nobody.
    input.on("error", () => input.destroy());
    this.#outputs.forEach((stream, index) => this.#listen(stream, index === 1));
    child.on("exit", (code, signal) => this.#exited(exitOf(code, signal)));
    // Of signalling a child that is gone; starting it has succeeded.
    child.on("error", () => undefined);
  }

  write(bytes: Uint8Array, taken: () => void): void {
    if (this.#input.writable) this.#input.write(bytes, () => taken());
    else taken();
  }

  endInput(): void {
    // A pipe has no half that could be shut down: its end is its close.
    if (this.#input.writable) this.#input.end(() => this.#input.destroy());
  }

  pause(): void {
    for (const stream of this.#outputs) stream.pause();
  }

  resume(): void {
    for (const stream of this.#outputs) stream.resume();
  }

  hangUp(graceMs: number = HANG_UP_GRACE_MS): void {
    if (this.#status === undefined) {
      signalGroup(this.processId, "SIGHUP");
      signalGroup(this.processId, "SIGCONT");
      this.#grace ??= setTimeout(() => signalGroup(this.processId, "SIGKILL"), graceMs);
    }
    this.#input.destroy();
    for (const stream of this.#outputs) stream.destroy();
  }

  #listen(stream: Readable, standardError: boolean): void {
    stream.on("data", (bytes: Uint8Array) => this.#handlers.data(bytes, standardError));
    stream.on("end", () => this.#handlers.end(standardError));
    // "close" follows an error as it follows the end.
    stream.on("error", () => stream.destroy());
    stream.on("close", () => {
      this.#openOutputs--;
      this.#finish();
    });
  }

  #exited(status: ProgramExit): void {
    clearTimeout(this.#grace);
    this.#status = status;
    this.#finish();
  }

  #finish(): void {
    if (this.#status === undefined || this.#openOutputs > 0) return;
    this.#input.destroy();
    this.#handlers.exit(this.#status);
  }
}
