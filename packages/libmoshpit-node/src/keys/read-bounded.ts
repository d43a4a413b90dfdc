import { constants, type Stats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { KeyFileError } from "./error.js";

/** Key files are small; nobody needs more. */
const LARGEST = 64 * 1024;

/** Reads a small regular file after `check` saw the status of the file that was opened. */
export async function readSmallFile(
  path: string,
  check: (status: Stats) => void,
  limit: number = LARGEST,
): Promise<string> {
  // O_NONBLOCK: a FIFO must not hold the program.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new KeyFileError("not-a-key-file", `${path} is no regular file`);
    check(status);
    return (await readAtMost(file, limit, path)).toString("utf8");
  } finally {
    await file.close();
  }
}

async function readAtMost(file: FileHandle, limit: number, path: string): Promise<Buffer> {
  const buffer = Buffer.alloc(limit + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
    length += bytesRead;
    if (bytesRead === 0) return buffer.subarray(0, length);
    if (length > limit) throw new KeyFileError("not-a-key-file", `${path} is larger than ${limit} octets`);
  }
}
