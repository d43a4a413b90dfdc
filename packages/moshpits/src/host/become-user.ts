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

/**
 * Root's process becomes the user's, supplementary groups included, as a login does. Gives the groups that the system
 * granted. Throws if it can not.
 */
export function becomeUser({ user, uid, gid }: HostUser): readonly number[] {
  // Root's own groups go first: what there is in the end the group database has granted, root's group included.
  process.setgroups?.([]);
  process.setgid?.(gid);
  if (!isEqualSet(currentGroups(), [gid])) throw new Error("root's groups could not be given up");
  // Node's types leave it out.
  (process as NodeJS.Process & { initgroups(user: string, extraGroup: number): void }).initgroups(user, gid);
  const granted = currentGroups();
  process.setuid?.(uid);
  return granted;
}

/**
 * Whether this process is wholly the user's, with the groups that `becomeUser` gave and no other, and can become nobody
 * else. Tries it.
 */
export function cannotGoBack({ uid, gid }: HostUser, granted: readonly number[]): boolean {
  const ids = [process.getuid?.(), process.geteuid?.()];
  const groups = [process.getgid?.(), process.getegid?.()];
  if (ids.some((id) => id !== uid) || groups.some((id) => id !== gid)) return false;
  if (!isEqualSet(currentGroups(), granted)) return false;
  // Root stays root; there is no way back to prove.
  if (uid === 0) return true;
  return hasNoPrivilege({ uid, gid }) && !RETURNS.some(succeeds);
}

/**
 * Whether a program with capabilities of its own would get more of them from this process: a change of user leaves the
 * inheritable ones, and nothing in Node takes them away.
 */
export function inheritsCapabilities(status: string = ownStatus() ?? ""): boolean {
  return !hasNone(status, "CapInh");
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
  const status = ownStatus();
  if (status === undefined) return true;
  const all = (name: string, id: number): boolean =>
    fieldOf(status, name)
      .split(/\s+/)
      .every((each) => Number(each) === id);
  const none = ["CapInh", "CapPrm", "CapEff", "CapAmb"].every((name) => hasNone(status, name));
  return all("Uid", uid) && all("Gid", gid) && none;
}

function ownStatus(): string | undefined {
  try {
    return readFileSync("/proc/self/status", "latin1");
  } catch {
    return undefined;
  }
}

function fieldOf(status: string, name: string): string {
  return new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
}

function hasNone(status: string, capabilities: string): boolean {
  return /^0*$/.test(fieldOf(status, capabilities));
}

/** Of Node: the effective group is always among them. */
function currentGroups(): readonly number[] {
  return process.getgroups?.() ?? [];
}

function isEqualSet(some: readonly number[], others: readonly number[]): boolean {
  return some.every((id) => others.includes(id)) && others.every((id) => some.includes(id));
}

/** 2^32 - 1 means "no change" to the kernel. */
function isId(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32 - 1;
}
