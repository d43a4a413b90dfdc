import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "./leftovers.js";
import type { LinkParameters } from "./link.js";
import { mosh, moshpit, ssh } from "./peers.js";
import { childrenOf, residentMiB } from "./processes.js";
import type { Goal, Report, Scope } from "./report.js";
import { kindsHere, together, type Stage } from "./stage.js";
import { pause } from "./terminal.js";

const LINK: LinkParameters = { delay_ms: 50 };
const HEARTBEAT_MS = 3_000;
/** Not a multiple of the heartbeat: how many there may be is certain. */
const IDLE_MS = 20.5 * HEARTBEAT_MS;
const SETTLING_MS = 5_000;
const OUTAGE_MS = { short: 120_000, long: 3_600_000 };
const SAMPLE_MS = 1_000;
/** Text of so many octets goes to the terminal; the file tells how far it came. */
const OUTPUT_OCTETS = 10_000_000;
const output = (file: string): string =>
  `yes "$(head -c 50 /dev/urandom | base64 -w 0)" | head -c ${OUTPUT_OCTETS} | tee ${file}`;
const OUTPUT_LIMIT_MS = 120_000;

type Memory = Readonly<Record<"mp" | "the listener" | "the session host", number>>;

/** What a session costs that nobody uses: packets, and memory while it is cut and its program goes on. */
export async function* idleBench({ loopback, long }: Scope): AsyncGenerator<Report> {
  if (loopback) return;
  yield await packets();
  yield await memory(long ? OUTAGE_MS.long : OUTAGE_MS.short);
}

async function packets(): Promise<Report> {
  const wanted = kindsHere(moshpit, ssh, mosh).map((kind) => ({ kind, link: LINK }));
  const found = await together(wanted, async ({ link }) => {
    await pause(SETTLING_MS);
    const before = await link.counts?.();
    await pause(IDLE_MS);
    const after = await link.counts?.();
    const spent = (way: "up" | "down", what: "packets" | "octets"): number =>
      (after?.[way][what] ?? NaN) - (before?.[way][what] ?? NaN);
    return {
      up: spent("up", "packets"),
      down: spent("down", "packets"),
      octets: spent("up", "octets") + spent("down", "octets"),
    };
  });
  const ours = found.find(({ name }) => name === "moshpit")?.result;
  const seconds = IDLE_MS / 1_000;
  const most = Math.ceil(IDLE_MS / HEARTBEAT_MS);
  return {
    title: `idle, 100 ms round trip: what ${seconds} s without a key or output put on the link`,
    columns: ["", "packets up", "packets down", "octets both ways"],
    rows: found.map(({ name, result }) => [name, result.up, result.down, result.octets]),
    goals:
      ours === undefined || Number.isNaN(ours.up)
        ? []
        : (["up", "down"] as const).map((way) => ({
            text: `moshpit's packets ${way} in ${seconds} s, one in 3 s`,
            value: ours[way],
            limit: most,
          })),
  };
}

async function memory(outageMs: number): Promise<Report> {
  const [found] = await together(
    kindsHere(moshpit).map((kind) => ({ kind, link: LINK })),
    async (stage) => {
      await stage.shell.run("seq 2000");
      await pause(SETTLING_MS);
      const before = memoryOf(stage);
      const dir = temporaryDirectory();
      const file = join(dir, "output");
      stage.shell.terminal.clear();
      stage.shell.terminal.type(`sleep 2; ${output(file)}; printf '%s%s\\n' do ne\r`);
      await pause(1_000);
      await stage.link.cut(true);
      const cut = await mostWhile(stage, pause(outageMs));
      const heldBack = OUTPUT_OCTETS - statSync(file).size;
      await stage.link.cut(false);
      const back = await mostWhile(stage, stage.shell.terminal.until("done", OUTPUT_LIMIT_MS));
      rmSync(dir, { recursive: true });
      return { before, cut, back, heldBack };
    },
  );
  if (found === undefined) return { title: "idle: memory", columns: [], rows: [], goals: [] };
  const { before, cut, back, heldBack } = found.result;
  const names = Object.keys(before) as (keyof Memory)[];
  const all = (m: Memory): number => names.reduce((sum, name) => sum + m[name], 0);
  const goals: Goal[] = [
    { text: "all three more while cut, MiB", value: all(cut) - all(before), limit: 15e6 / 2 ** 20 },
    { text: "octets that the program could not write while cut", value: heldBack, limit: 0 },
  ];
  return {
    title: `idle, memory in MiB: a session cut for ${outageMs / 1_000} s, its program writes 10 MB meanwhile`,
    columns: ["", "before", "most while cut", "more", "most until shown after the cut"],
    rows: names.map((name) => [name, before[name], cut[name], cut[name] - before[name], back[name]]),
    goals,
  };
}

function memoryOf({ peer, shell }: Stage): Memory {
  // Of the listener's children, the spare host has none of its own: the user's host has the shell.
  const host = childrenOf(peer.serverPid).find((each) => childrenOf(each).length > 0) ?? NaN;
  return {
    mp: residentMiB(shell.terminal.pid),
    "the listener": residentMiB(peer.serverPid),
    "the session host": residentMiB(host),
  };
}

/** The most that each process held at one of the samples. */
async function mostWhile(stage: Stage, something: Promise<void>): Promise<Memory> {
  let over = false;
  const end = something.finally(() => (over = true));
  let most = memoryOf(stage);
  while (!over) {
    await Promise.race([end, pause(SAMPLE_MS)]);
    const now = memoryOf(stage);
    const larger = (what: keyof Memory): number => Math.max(most[what], now[what]);
    most = {
      mp: larger("mp"),
      "the listener": larger("the listener"),
      "the session host": larger("the session host"),
    };
  }
  await end;
  return most;
}
