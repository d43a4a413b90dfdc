import { readFileSync } from "node:fs";
import process from "node:process";

/** Whose sessions a host is to run. */
export interface HostUser {
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
}

/** From the one line of JSON that a spare host is told; undefined if it is anything else. */
export function parseHostUser(line: string): HostUser | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { user, uid, gid, ...more } = value as Partial<Record<string, unknown>>;
  const named = typeof user === "string" && /^[a-z_][a-z0-9_-]*\$?$/.test(user);
  if (!named || !isId(uid) || !isId(gid) || Object.keys(more).length > 0) return undefined;
  return { user, uid, gid };
}

/** Root's process becomes the user's, supplementary groups included, as a login does. Throws if it can not. */
export function becomeUser({ user, uid, gid }: HostUser): void {
  // Node's types leave it out.
  (process as NodeJS.Process & { initgroups(user: string, extraGroup: number): void }).initgroups(user, gid);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

/** Whether this process is wholly the user's and can become nobody else. Tries it. */
export function cannotGoBack({ uid, gid }: HostUser): boolean {
  const ids = [process.getuid?.(), process.geteuid?.()];
  const groups = [process.getgid?.(), process.getegid?.()];
  if (ids.some((id) => id !== uid) || groups.some((id) => id !== gid)) return false;
  // Root stays root; there is no way back to prove.
  if (uid === 0) return true;
  return hasNoPrivilege({ uid, gid }) && !RETURNS.some(succeeds);
}

const RETURNS: readonly (() => void)[] = [
  () => process.setuid?.(0),
  () => process.seteuid?.(0),
  () => process.setgroups?.([0]),
];

function succeeds(attempt: () => void): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

/** Also the saved ids, which only /proc shows, and the capabilities. Where there is no /proc, the attempts must do. */
function hasNoPrivilege({ uid, gid }: Pick<HostUser, "uid" | "gid">): boolean {
  let status: string;
  try {
    status = readFileSync("/proc/self/status", "latin1");
  } catch {
    return true;
  }
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
  const all = (name: string, id: number): boolean =>
    field(name)
      .split(/\s+/)
      .every((each) => Number(each) === id);
  const none = (name: string): boolean => /^0*$/.test(field(name));
  return all("Uid", uid) && all("Gid", gid) && none("CapPrm") && none("CapEff") && none("CapAmb");
}

/** 2^32 - 1 means "no change" to the kernel. */
function isId(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32 - 1;
}
