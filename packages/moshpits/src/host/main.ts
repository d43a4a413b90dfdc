// The session host, first stage. As root it loads nothing and reads nothing but one line that names a user; everything
// else is imported when the process is that user's and can not go back.
import { closeSync, readdirSync, readFileSync, readSync } from "node:fs";
import process from "node:process";
import {
  becomeUser,
  cannotGoBack,
  inheritsCapabilities,
  parseHostUser,
  type HostUser,
} from "./become-user.js";
import { HOST_EXIT, LINK_DESCRIPTOR } from "./stages.js";

const LONGEST_LINE = 512;
const CLOSE_ON_EXEC = 0o2000000;

// Without a handler Node opens its inspector on this signal: a port at which every local user could run code in here.
process.on("SIGUSR1", () => undefined);

const asRoot = process.geteuid?.() === 0;
process.chdir("/");
process.umask(0o022);
closeInherited();
// An ordinary user's spare has nothing to lose: it loads everything while it waits.
if (!asRoot) await (await import("./serve.js")).prepare();

const line = readLine();
// The listener ended before it needed this host.
if (line === undefined) process.exit(HOST_EXIT.done);
const user = parseHostUser(line);
if (user === undefined) process.exit(HOST_EXIT.badUserLine);
take(user);
await serve();

async function serve(): Promise<void> {
  const second = await import("./serve.js").catch(() => process.exit(HOST_EXIT.couldNotLoad));
  second.serve(LINK_DESCRIPTOR);
}

function take(user: HostUser): void {
  if (!asRoot) {
    if (user.uid !== process.getuid?.()) process.exit(HOST_EXIT.notThisUser);
    return;
  }
  if (user.uid !== 0 && inheritsCapabilities()) process.exit(HOST_EXIT.inheritsCapabilities);
  let granted: readonly number[];
  try {
    granted = becomeUser(user);
  } catch {
    process.exit(HOST_EXIT.couldNotBecome);
  }
  if (!cannotGoBack(user, granted)) process.exit(HOST_EXIT.couldReturn);
}

/** One line from the link, octet by octet so that nothing after it is taken; waits without an event loop. */
function readLine(): string | undefined {
  const octet = new Uint8Array(1);
  let line = "";
  while (line.length < LONGEST_LINE && readSync(LINK_DESCRIPTOR, octet) === 1) {
    if (octet[0] === 0x0a) return line;
    line += String.fromCharCode(octet[0] ?? 0);
  }
  return line === "" ? undefined : line;
}

/** What mps itself was started with and would pass on to every session. Node's own descriptors close by themselves. */
function closeInherited(): void {
  for (const name of descriptors()) {
    const descriptor = Number(name);
    if (descriptor > LINK_DESCRIPTOR && isInherited(name)) closeSync(descriptor);
  }
}

function descriptors(): readonly string[] {
  try {
    return readdirSync("/proc/self/fd");
  } catch {
    // No /proc: Node has marked the first sixteen itself.
    return [];
  }
}

function isInherited(descriptor: string): boolean {
  try {
    const text = readFileSync(`/proc/self/fdinfo/${descriptor}`, "latin1");
    const flags = parseInt(/^flags:\s*([0-7]+)$/m.exec(text)?.[1] ?? "0", 8);
    return (flags & CLOSE_ON_EXEC) === 0;
  } catch {
    // The descriptor that listed them; it is closed by now.
    return false;
  }
}
