import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** This process and all below it, itself first. Linux. */
export function withDescendants(pid: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const parent = parentOf(Number(entry));
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const found = [pid];
  for (let i = 0; i < found.length; i++) found.push(...(children.get(found[i] ?? -1) ?? []));
  return found;
}

export function isAlive(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`);
  return stat !== undefined && !/\) Z /.test(stat);
}

/** Empty for a process that is gone. */
export function commandLine(pid: number): string {
  return read(`/proc/${pid}/cmdline`) ?? "";
}

/** Local ports and states of the TCP sockets that a process holds, listening ones aside. */
export function tcpConnections(pid: number): readonly string[] {
  return sockets(pid, ["tcp", "tcp6"])
    .filter((fields) => fields[3] !== "0A")
    .map((fields) => `${fields[1]} → ${fields[2]} state ${fields[3]}`);
}

/** Local ports of the UDP sockets that a process holds. */
export function udpPorts(pid: number): readonly number[] {
  return sockets(pid, ["udp", "udp6"]).map((fields) => parseInt(fields[1]?.split(":")[1] ?? "", 16));
}

/** Of these tables of the kernel, the lines of a process. */
function sockets(pid: number, tables: readonly string[]): readonly (readonly string[])[] {
  const held = new Set(
    fileDescriptors(pid).flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []),
  );
  return tables
    .flatMap((table) => (read(`/proc/${pid}/net/${table}`) ?? "").split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => held.has(fields[9] ?? ""));
}

export function fileDescriptors(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

function parentOf(pid: number): number | undefined {
  const fields = read(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, "")
    .split(" ");
  return fields?.[1] === undefined ? undefined : Number(fields[1]);
}

/** Processes come and go while one looks. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
