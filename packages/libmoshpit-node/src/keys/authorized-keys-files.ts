import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";

/** Something that was opened, or could not be (`error`, a code of errno) and is stood in for. */
export interface Opened {
  readonly error: string | undefined;
  readonly handle: FileHandle;
}

export interface FileStatus {
  readonly isDirectory: boolean;
  readonly isFile: boolean;
  readonly uid: number;
  /** Permission bits, the set-id and sticky bits included. */
  readonly mode: number;
}

/** The operations on the file system that `readAuthorizedKeys` needs; none rejects for what the files are. */
export interface AuthorizedKeysFiles {
  openDirectory(path: string): Promise<Opened>;
  openFile(path: string): Promise<Opened>;
  status(opened: Opened): Promise<FileStatus>;
  /** At most `limit` octets from the beginning, or the code of errno. */
  read(opened: Opened, limit: number): Promise<Uint8Array | string>;
  close(opened: Opened): Promise<void>;
}

/** The real file system. In place of what can not be opened, `/dev/null` goes through the same operations. */
export const authorizedKeysFiles: AuthorizedKeysFiles = {
  openDirectory: (path) => openOrStandIn(path, constants.O_DIRECTORY | constants.O_NOFOLLOW),
  openFile: (path) => openOrStandIn(path, constants.O_NOFOLLOW | constants.O_NONBLOCK),
  async status({ handle }) {
    const status = await handle.stat();
    return {
      isDirectory: status.isDirectory(),
      isFile: status.isFile(),
      uid: status.uid,
      mode: status.mode & 0o7777,
    };
  },
  read: readUpTo,
  async close({ handle }) {
    await handle.close();
  },
};

async function openOrStandIn(path: string, flags: number): Promise<Opened> {
  const standIn = await open("/dev/null", constants.O_RDONLY);
  try {
    const handle = await open(path, constants.O_RDONLY | flags);
    await standIn.close();
    return { error: undefined, handle };
  } catch (error) {
    return { error: (error as NodeJS.ErrnoException).code ?? "EIO", handle: standIn };
  }
}

async function readUpTo({ handle }: Opened, limit: number): Promise<Uint8Array | string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    while (length < limit) {
      const { bytesRead, buffer } = await handle.read(new Uint8Array(65_536), 0, null, null);
      if (bytesRead === 0) break;
      chunks.push(buffer.subarray(0, bytesRead));
      length += bytesRead;
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "EIO";
  }
  return Buffer.concat(chunks).subarray(0, limit);
}
