import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Checklist } from "libmoshpit-node/checklist";
import type { ServerConfig } from "libmoshpit-node/config";
import { fingerprint, shellWord } from "libmoshpit-node/keys";
import { loadHostKey, StartupError } from "../listener/host-key.js";

/** The host key, as `mps` itself would read it. */
export async function checkHostKey(
  list: Checklist,
  { privateKeyPath, publicKeyPath }: ServerConfig,
  isDefaultPath: boolean,
): Promise<void> {
  try {
    const { identity, warnings } = await loadHostKey(privateKeyPath, publicKeyPath, isDefaultPath);
    list.ok("host key", `${fingerprint(identity.publicKey)} (${privateKeyPath})`);
    for (const warning of warnings) {
      list.warn(
        "host key",
        warning,
        `mp-keygen export ${shellWord(privateKeyPath)} > ${shellWord(publicKeyPath)}`,
      );
    }
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    list.fail("host key", error.message);
  }
}

/** Whether the log can be written; nothing is made. */
export async function checkLog(list: Checklist, path: string): Promise<void> {
  const existing = await nearest(path);
  try {
    const status = await stat(existing);
    if (existing === path && !status.isFile()) {
      list.fail("log", `${path} is no file`, "name another with --tracing-absolute-path");
      return;
    }
    if (existing !== path && !status.isDirectory()) {
      list.fail("log", `${existing} is no directory`, "name another file with --tracing-absolute-path");
      return;
    }
    await access(existing, constants.W_OK);
    list.ok("log", path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "EIO";
    list.fail("log", `${existing} can not be written (${code})`, `ls -ld ${shellWord(existing)}`);
  }
}

/** The path itself, or the nearest directory above it that there is. */
async function nearest(path: string): Promise<string> {
  try {
    await stat(path);
    return path;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if ((code !== "ENOENT" && code !== "ENOTDIR") || dirname(path) === path) return path;
    return await nearest(dirname(path));
  }
}
