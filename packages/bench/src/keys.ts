import { loopback, type LinkParameters, type Traffic } from "./link.js";
import { mosh, moshpit, moshpitTruncated, ssh, type Peer, type PeerKind } from "./peers.js";
import type { Goal, Report, Scope } from "./report.js";
import { LINE, Shell } from "./shell.js";
import { kindsHere, together, type Stage } from "./stage.js";
import { summarize, type Summary } from "./statistics.js";
import { pause } from "./terminal.js";

/** A bad link, how much is typed over it, and what is asked for. */
interface Network {
  readonly title: string;
  readonly link: LinkParameters;
  /** Per session; fewer where an echo takes seconds. */
  readonly lines: (kind: PeerKind) => number;
  /** Sessions of each peer at the same time: more keys in less time, where a millisecond is nothing. */
  readonly atOnce: number;
  readonly kinds: readonly PeerKind[];
  readonly goals: (figures: ReadonlyMap<string, Figures>) => Goal[];
}

/** What was found of one peer, all its sessions together. */
interface Figures {
  readonly ms: Summary;
  /** Of each session. */
  readonly medians: readonly number[];
  /** Per keystroke with its echo, both directions; NaN where nothing counts. */
  readonly packets: number;
  readonly octets: number;
}

interface SessionFigures {
  readonly latencies: readonly number[];
  readonly keystrokes: number;
  readonly packets: number;
  readonly octets: number;
}

const NETWORKS: readonly Network[] = [
  {
    title: "100 ms round trip, nothing lost",
    link: { delay_ms: 50 },
    lines: () => 6,
    atOnce: 1,
    kinds: [moshpit, moshpitTruncated, ssh, mosh],
    goals: (figures) => [...cleanLatency(figures), ...wireCost(figures)],
  },
  {
    title: "100 ms round trip, 29 % lost each way",
    link: { delay_ms: 50, loss: 0.29 },
    lines: (kind) => (kind === ssh ? 2 : 9),
    // Of 500 keys, the 99th percentile says little: it differs by half from one run to the next.
    atOnce: 4,
    kinds: [moshpit, ssh, mosh],
    goals: lossyLatency,
  },
  {
    // Evenly 110 to 140 ms each way.
    title: "like 3G: 2 Mbit/s, 250 ms round trip on average, 30 ms jitter and 2 % lost each way",
    link: { delay_ms: 110, jitter_ms: 30, loss: 0.02, rate: 250_000 },
    lines: () => 7,
    atOnce: 2,
    kinds: [moshpit, ssh, mosh],
    goals: noWorseThanTheBetter,
  },
];

/** Of the loopback's figures. */
const LOOPBACK_RHYTHM_MS = { least: 15, more: 20 };

/** From a key to its echo by the remote shell, without prediction. */
export async function* keysBench(scope: Scope): AsyncGenerator<Report> {
  yield await onLoopback(scope);
  if (scope.loopback) return;
  for (const network of NETWORKS) {
    // As long as they take when ten things are done: two after each other, or as many at once.
    const rounds = Math.max(1, Math.round((scope.runs * (network.atOnce > 1 ? 1 : 2)) / 10));
    yield await onNetwork(network, rounds);
  }
}

async function onLoopback({ runs }: Scope): Promise<Report> {
  const keys = Math.max(2, Math.ceil((runs * 20) / LINE)) * LINE;
  const measured = new Map<string, Summary>();
  for (const kind of [moshpit, ssh, mosh].filter((each) => each.available())) {
    const peer = await kind.start(loopback);
    try {
      measured.set(kind.name, await oneByOne(peer, keys / LINE));
    } finally {
      await peer.stop();
    }
  }
  return {
    title: `keys, loopback: from each key to its echo, ${keys} keys, each typed after the echo of the one before`,
    columns: ["", "p50 ms", "p95 ms", "p99 ms", "max ms"],
    rows: [...measured].map(([name, ms]) => [name, ms.p50, ms.p95, ms.p99, ms.max]),
    goals: [{ text: "moshpit's median, ms", value: measured.get("moshpit")?.p50 ?? NaN, limit: 3 }],
  };
}

async function oneByOne(peer: Peer, lines: number): Promise<Summary> {
  const shell = await Shell.open(peer, 1);
  try {
    const latencies: number[] = [];
    for (let line = 0; line < lines; line++) {
      for (const key of shell.letters()) {
        latencies.push(await shell.press(key));
        await pause(LOOPBACK_RHYTHM_MS.least + shell.random.below(LOOPBACK_RHYTHM_MS.more));
      }
      shell.killLine();
      await pause(200);
    }
    return summarize(latencies);
  } finally {
    await shell.end();
  }
}

async function onNetwork(network: Network, rounds: number): Promise<Report> {
  const kinds = kindsHere(...network.kinds);
  const found = new Map<string, SessionFigures[]>();
  const addSessions = async (seeds: readonly number[]): Promise<void> => {
    const seeded = seeds.flatMap((seed) => kinds.map((kind) => ({ kind, link: { ...network.link, seed } })));
    for (const { name, result } of await together(seeded, (stage) =>
      typedSession(stage, network.lines(stage.kind)),
    )) {
      found.set(name, [...(found.get(name) ?? []), result]);
    }
  };
  for (let round = 0; round < rounds; round++) {
    await addSessions(Array.from({ length: network.atOnce }, (_, i) => round * network.atOnce + i + 1));
  }
  const figures = new Map([...found].map(([name, each]) => [name, pooled(each)]));
  const [sshP50, moshP50] = [figures.get("ssh")?.ms.p50 ?? NaN, figures.get("mosh")?.ms.p50 ?? NaN];
  return {
    title: `keys, ${network.title}: as prose is typed, all peers at the same time, ${rounds * network.atOnce} sessions each`,
    columns: [
      "",
      "keys",
      "p50 ms",
      "p95 ms",
      "p99 ms",
      "max ms",
      "p50 by session",
      "of ssh",
      "of mosh",
      "packets/key",
      "octets/key",
    ],
    rows: [...figures].map(([name, { ms, medians, packets, octets }]) => [
      name,
      String(ms.count),
      ms.p50,
      ms.p95,
      ms.p99,
      ms.max,
      medians.map((each) => each.toFixed(0)).join(", "),
      ms.p50 / sshP50,
      ms.p50 / moshP50,
      packets,
      octets,
    ]),
    goals: network.goals(figures),
  };
}

/** A line that is not counted, so that each peer knows its link; then those that are. */
async function typedSession({ shell, link }: Stage, lines: number): Promise<SessionFigures> {
  await shell.typeLines(1);
  const before = await link.counts?.();
  const latencies = await shell.typeLines(lines);
  await pause(500);
  const after = await link.counts?.();
  const spent = (what: keyof Traffic): number =>
    before === undefined || after === undefined
      ? NaN
      : after.up[what] + after.down[what] - before.up[what] - before.down[what];
  return {
    latencies,
    keystrokes: latencies.length + lines,
    packets: spent("packets"),
    octets: spent("octets"),
  };
}

function pooled(sessions: readonly SessionFigures[]): Figures {
  const sum = (what: "keystrokes" | "packets" | "octets"): number =>
    sessions.reduce((total, session) => total + session[what], 0);
  return {
    ms: summarize(sessions.flatMap((session) => session.latencies)),
    medians: sessions.map((session) => summarize(session.latencies).p50),
    packets: sum("packets") / sum("keystrokes"),
    octets: sum("octets") / sum("keystrokes"),
  };
}

function cleanLatency(figures: ReadonlyMap<string, Figures>): Goal[] {
  return [
    besideOthers(figures, "p50", 105, { ssh: 101.7, mosh: 112 }),
    besideOthers(figures, "p95", 112, { ssh: 102, mosh: 154 }),
  ];
}

function lossyLatency(figures: ReadonlyMap<string, Figures>): Goal[] {
  return [
    besideOthers(figures, "p50", 115, { mosh: 158 }),
    besideOthers(figures, "p95", 160, { mosh: 428 }),
    besideOthers(figures, "p99", 260, { mosh: 548 }),
  ];
}

/** An absolute goal, and what the others took where it was set: on a slower machine the ratio to one of them stands in. */
function besideOthers(
  figures: ReadonlyMap<string, Figures>,
  what: "p50" | "p95" | "p99",
  limit: number,
  then: Readonly<Record<string, number>>,
): Goal {
  const of = (name: string): number => figures.get(name)?.ms[what] ?? NaN;
  return {
    text: `moshpit's ${what}, ms`,
    value: of("moshpit"),
    limit,
    ratios: Object.entries(then).map(([name, took]) => ({
      of: `${name}'s ${what}`,
      value: of("moshpit") / of(name),
      limit: limit / took,
    })),
  };
}

function wireCost(figures: ReadonlyMap<string, Figures>): Goal[] {
  const [full, truncated] = [figures.get(moshpit.name), figures.get(moshpitTruncated.name)];
  if (full === undefined || Number.isNaN(full.packets)) return [];
  return [
    { text: "packets per keystroke with its echo", value: full.packets, limit: 2.7 },
    { text: "octets per keystroke with its echo, full HMAC", value: full.octets, limit: 420 },
    {
      text: "octets per keystroke with its echo, truncated suite",
      value: truncated?.octets ?? NaN,
      limit: 330,
    },
  ];
}

/** What two equal peers differ by when a few hundred keys are typed. */
const NOISE = { p50: 1.05, p95: 1.1, p99: 1.15 } as const;

function noWorseThanTheBetter(figures: ReadonlyMap<string, Figures>): Goal[] {
  return (["p50", "p95", "p99"] as const).map((what) => {
    const of = (name: string): number => figures.get(name)?.ms[what] ?? NaN;
    const others = [of("ssh"), of("mosh")].filter((value) => !Number.isNaN(value));
    return {
      text: `moshpit's ${what} ÷ the better of ssh's and mosh's, with ${Math.round((NOISE[what] - 1) * 100)} % for noise`,
      value: others.length === 0 ? NaN : of("moshpit") / Math.min(...others),
      limit: NOISE[what],
    };
  });
}
