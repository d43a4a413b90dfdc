import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fast } from "testkit";
import { endWithThis, temporaryDirectory } from "./leftovers.js";
import { loopback, type EmulatedLink, type Link } from "./link.js";
import { mosh, moshpit, ssh, type Peer, type PeerKind } from "./peers.js";
import type { Goal, Report, Scope } from "./report.js";
import { LINE, Shell } from "./shell.js";
import { emulatedLink, kindsHere } from "./stage.js";
import { summarize, type Summary } from "./statistics.js";
import { pause } from "./terminal.js";

const LINES = 3;
const FILE_LINES = 60_000;

interface Place {
  readonly title: string;
  readonly link: () => Promise<Link & Partial<Pick<EmulatedLink, "counts">>>;
  readonly kinds: () => readonly PeerKind[];
  /** What a flood may add, milliseconds. */
  readonly limits: Readonly<Record<"p50" | "p95", number>>;
}

const PLACES: readonly Place[] = [
  {
    title: "loopback",
    link: () => Promise.resolve(loopback),
    kinds: () => [moshpit, ssh, mosh].filter((kind) => kind.available()),
    // Less than the 20 ms at which a delay is felt.
    limits: { p50: 10, p95: 20 },
  },
  {
    // A queue of 200 ms that only a sender's own restraint keeps short.
    title: "10 Mbit/s, 100 ms round trip",
    link: () => emulatedLink({ delay_ms: 50, rate: 1_250_000, queue: 250_000 }),
    kinds: () => kindsHere(moshpit, ssh, mosh),
    // The queue that one bulk transfer may add (spec/07).
    limits: { p50: 50, p95: 60 },
  },
];

type Situation = "quiet" | "yes" | "cat";
interface Typed {
  readonly ms: Summary;
  /** Towards the client while typing; NaN where nothing counts. */
  readonly megabits: number;
}
type Found = ReadonlyMap<Situation, Typed>;

/** From a key to its echo in one session of a user while another session of the same user floods. */
export async function* fairBench(scope: Scope): AsyncGenerator<Report> {
  const dir = temporaryDirectory();
  const file = join(dir, "text");
  writeFileSync(file, Array.from({ length: FILE_LINES }, (_, i) => `${i} ${"text ".repeat(14)}\n`).join(""));
  const floods: Readonly<Record<Situation, string>> = {
    quiet: "exec cat",
    yes: "exec yes",
    cat: `while :; do cat ${file}; done`,
  };
  try {
    for (const place of scope.loopback ? PLACES.slice(0, 1) : PLACES) {
      const found = new Map<string, Found>();
      for (const kind of place.kinds()) found.set(kind.name, await besideFloods(kind, place, floods));
      yield report(place, found);
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function besideFloods(
  kind: PeerKind,
  place: Place,
  floods: Readonly<Record<Situation, string>>,
): Promise<Found> {
  const link = await place.link();
  try {
    const peer = await kind.start(link);
    try {
      const found = new Map<Situation, Typed>();
      for (const situation of Object.keys(floods) as Situation[]) {
        const endFlood = await otherSession(peer, floods[situation]);
        try {
          found.set(situation, await typeBeside(peer, link.counts));
        } finally {
          await endFlood();
        }
      }
      return found;
    } finally {
      await peer.stop();
    }
  } finally {
    await link.stop();
  }
}

async function typeBeside(peer: Peer, counts: EmulatedLink["counts"]): Promise<Typed> {
  const shell = await Shell.open(peer, 1);
  try {
    const before = await counts?.();
    const start = performance.now();
    const ms = summarize(await shell.typeLines(LINES, fast));
    const seconds = (performance.now() - start) / 1_000;
    const octets = ((await counts?.())?.down.octets ?? NaN) - (before?.down.octets ?? NaN);
    return { ms, megabits: (octets * 8) / 1e6 / seconds };
  } finally {
    await shell.end();
  }
}

/**
 * Runs a command in another session of the same user, its terminal read by another process: what is typed here is to wait
 * for the peer alone. Answers what ends it.
 */
async function otherSession(peer: Peer, command: string): Promise<() => Promise<void>> {
  const quoted = peer.client.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const client = `stty rows 24 cols 80; exec ${quoted}`;
  const other = spawn("script", ["-q", "-c", client, "/dev/null"], {
    env: { ...peer.environment, TERM: "xterm-256color", SHELL: "/bin/sh" },
    stdio: ["pipe", "ignore", "ignore"],
  });
  endWithThis(other);
  const exited = once(other, "exit");
  other.stdin.write(`unset HISTFILE; ${command}\r`);
  await pause(4_000);
  if (other.exitCode !== null) throw new Error(`${peer.name}: the other session has ended`);
  return async () => {
    other.kill("SIGTERM");
    await exited;
    await pause(1_000);
  };
}

function report({ title, limits }: Place, found: ReadonlyMap<string, Found>): Report {
  const added = (name: string, situation: Situation, what: "p50" | "p95"): number =>
    (found.get(name)?.get(situation)?.ms[what] ?? NaN) - (found.get(name)?.get("quiet")?.ms[what] ?? NaN);
  const goals: Goal[] = (["yes", "cat"] as const).flatMap((situation) =>
    (["p50", "p95"] as const).map((what) => ({
      text: `what the other session's ${situation} adds to moshpit's ${what}, ms`,
      value: added("moshpit", situation, what),
      limit: limits[what],
      ratios: [
        {
          of: "what it adds to ssh's",
          value: added("moshpit", situation, what) / Math.max(1, added("ssh", situation, what)),
          limit: 1,
        },
      ],
    })),
  );
  const situations: readonly Situation[] = ["quiet", "yes", "cat"];
  return {
    title: `fair, ${title}: from each key to its echo beside another session that floods, ${LINES * LINE} keys each`,
    columns: ["", ...situations.flatMap((each) => [`${each} p50 ms`, "p95 ms", "max ms", "Mbit/s"])],
    rows: [...found].map(([name, each]) => [
      name,
      ...situations.flatMap((situation) => {
        const typed = each.get(situation);
        return [typed?.ms.p50 ?? NaN, typed?.ms.p95 ?? NaN, typed?.ms.max ?? NaN, typed?.megabits ?? NaN];
      }),
    ]),
    goals,
  };
}
