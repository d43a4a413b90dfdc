import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { link, mkdir, open, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Writes a whole file so that under its name stands either what stood there before or all of `text`, also after a
 * crash. Without `force` an existing file is left alone and the error is `EEXIST`. `mode` holds whatever the umask.
 */
export async function writeFileAtomically(
  path: string,
  text: string,
  options: { readonly mode: number; readonly force: boolean },
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
  try {
    const file = await open(temporary, "wx", options.mode);
    try {
      await file.chmod(options.mode);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    if (options.force) await rename(temporary, path);
    else await renameToNew(temporary, path);
  } catch (error) {
    await removeIfThere(temporary);
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Makes the directory, and those above it, for its owner alone; one that exists is left as it is. */
export async function makePrivateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/** rename(2) replaces what is there; link(2) does not. */
async function renameToNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "EOPNOTSUPP" && code !== "ENOSYS") throw error;
    // A file system without hard links: an empty file keeps the name for us.
    await (await open(to, "wx", 0o600)).close();
    await rename(from, to);
    return;
  }
  await unlink(from);
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** Makes a rename durable. Where a directory can not be synchronized, the system does it in its own time. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "EINVAL" && code !== "ENOTSUP") throw error;
  } finally {
    await directory.close();
  }
}
