import { WriteStream, isatty } from "node:tty";

/** In cells. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Where no terminal tells another. */
export const USUAL_SIZE: Size = { columns: 80, rows: 24 };

/** The largest that the protocol carries. */
const LARGEST = 1000;

/** The size of the terminal on one of these descriptors, the first that is one and knows. */
export function terminalSize(descriptors: readonly number[] = [1, 0, 2]): Size {
  for (const fd of descriptors) {
    if (!isatty(fd)) continue;
    const size = sizeOf(fd);
    if (size !== undefined) return size;
  }
  return USUAL_SIZE;
}

/** One probe a descriptor: a stream on a descriptor can not be closed without closing the descriptor. */
const probes = new Map<number, WriteStream>();

function sizeOf(fd: number): Size | undefined {
  const stream = probeFor(fd);
  const [columns, rows] = stream.getWindowSize();
  if (!(columns > 0 && rows > 0)) return undefined;
  return { columns: Math.min(columns, LARGEST), rows: Math.min(rows, LARGEST) };
}

function probeFor(fd: number): WriteStream {
  if (fd === 1 && process.stdout.isTTY) return process.stdout;
  if (fd === 2 && process.stderr.isTTY) return process.stderr;
  let probe = probes.get(fd);
  if (probe === undefined) {
    probe = new WriteStream(fd);
    probe.unref();
    probes.set(fd, probe);
  }
  return probe;
}
