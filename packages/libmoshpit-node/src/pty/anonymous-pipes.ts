import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable } from "node:stream";

/** Three pipes: our ends as streams, the program's ends as descriptors. */
export interface Pipes {
  readonly input: Socket;
  readonly output: Socket;
  readonly errors: Socket;
  /** Standard input, output and error of the program; `closeProgramEnds` when it has them. */
  readonly programEnds: readonly [number, number, number];
  closeProgramEnds(): void;
}

/**
 * Pipes as pipe(2) makes them. What Node calls "pipe" is a socket, and `/dev/stdin` and its kin can not be opened on a
 * socket (ENXIO), which scripts do. Node has no call for pipe(2), a shell has: it makes three, and while it waits
 * each end is opened under /proc, where the kernel lets an owner open a pipe for either direction. Throws where that does
 * not work (no /proc).
 */
export async function openAnonymousPipes(): Promise<Pipes> {
  const shell = spawn("/bin/sh", ["-c", SCRIPT], {
    stdio: ["ignore", "pipe", "ignore", "pipe"],
    env: { PATH: "/usr/bin:/bin" },
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  const output = shell.stdio[1] as Readable;
  const release = shell.stdio[3];
  try {
    const holder = await firstLine(shell, output);
    return connect([4, 5, 6].map((fd) => `/proc/${holder}/fd/${fd}`));
  } finally {
    release?.destroy();
    output.destroy();
  }
}

/** The innermost shell holds the pipes as 4, 5 and 6 until 3 ends. */
const SCRIPT =
  ": | { exec 4<&0; : | { exec 5<&0; : | exec /bin/sh -c 'exec 6<&0; echo $$; read line <&3'; }; }";
const TIMEOUT_MS = 2_000;

async function firstLine(shell: ChildProcess, output: Readable): Promise<string> {
  return await new Promise((resolve, reject) => {
    let line = "";
    shell.once("error", reject);
    output.on("data", (bytes: Uint8Array) => {
      line += Buffer.from(bytes).toString("latin1");
      if (/^\d+\n$/.test(line)) resolve(line.trim());
    });
    output.once("end", () => reject(new Error("the shell made no pipes")));
  });
}

function connect([input, output, errors]: readonly string[]): Pipes {
  const opened: number[] = [];
  const open = (path: string | undefined, flags: number): number => {
    const descriptor = openSync(path ?? "", flags);
    opened.push(descriptor);
    return descriptor;
  };
  try {
    const ours = [
      open(input, constants.O_WRONLY | constants.O_NONBLOCK),
      open(output, constants.O_RDONLY | constants.O_NONBLOCK),
      open(errors, constants.O_RDONLY | constants.O_NONBLOCK),
    ] as const;
    const programEnds = [
      open(input, constants.O_RDONLY),
      open(output, constants.O_WRONLY),
      open(errors, constants.O_WRONLY),
    ] as const;
    return {
      input: new Socket({ fd: ours[0], readable: false, writable: true }),
      output: new Socket({ fd: ours[1], readable: true, writable: false }),
      errors: new Socket({ fd: ours[2], readable: true, writable: false }),
      programEnds,
      closeProgramEnds: () => programEnds.forEach((end) => closeSync(end)),
    };
  } catch (error) {
    opened.forEach((descriptor) => closeSync(descriptor));
    throw error;
  }
}
