import { loopback, type Link } from "./link.js";
import { canMakeNamespaces, namespaceLink } from "./namespace-link.js";
import { mosh, moshpit, ssh, type Peer } from "./peers.js";
import { residentMiB } from "./processes.js";
import type { Goal, Report, Scope } from "./report.js";
import { summarize, type Summary } from "./statistics.js";
import { BenchTerminal, pause } from "./terminal.js";

/** Typed ahead, so it runs at the first prompt; split, so that its echo is not taken for its output. */
const READY = "printf '%s%s\\n' re ady\r";
const LIMIT_MS = 30_000;

interface Measured {
  readonly ms: Summary;
  readonly clientMiB: number;
  readonly serverMiB: number;
}

/** From starting the client to the first command that its shell ran; and what both sides then hold in memory. */
export async function* connectBench({ runs, loopback: only }: Scope): AsyncGenerator<Report> {
  yield await onLink("connect, loopback", loopback, runs, 1);
  if (!only && canMakeNamespaces()) {
    const link = await namespaceLink({ delay_ms: 50 });
    try {
      yield await onLink("connect, 100 ms round trip", link, runs, 0.6);
    } finally {
      await link.stop();
    }
  }
}

async function onLink(title: string, link: Link, runs: number, ofSsh: number): Promise<Report> {
  const measured = new Map<string, Measured>();
  for (const kind of [moshpit, ssh, mosh].filter((each) => each.available())) {
    const peer = await kind.start(link);
    try {
      measured.set(kind.name, await connectTimes(peer, runs));
    } finally {
      await peer.stop();
    }
  }
  return {
    title,
    columns: ["", "p50 ms", "p95 ms", "max ms", "of ssh", "client MiB", "server MiB"],
    rows: [...measured].map(([name, m]) => [
      name,
      m.ms.p50,
      m.ms.p95,
      m.ms.max,
      m.ms.p50 / (measured.get("ssh")?.ms.p50 ?? NaN),
      m.clientMiB,
      m.serverMiB,
    ]),
    goals: goals(measured, ofSsh),
  };
}

function goals(measured: ReadonlyMap<string, Measured>, ofSsh: number): Goal[] {
  const ours = measured.get("moshpit");
  const theirs = measured.get("ssh");
  if (ours === undefined) return [];
  return [
    ...(theirs
      ? [{ text: "moshpit's time to the prompt ÷ ssh's", value: ours.ms.p50 / theirs.ms.p50, limit: ofSsh }]
      : []),
    { text: "resident memory of mp, MiB", value: ours.clientMiB, limit: 90 },
    { text: "resident memory of the mps listener, MiB", value: ours.serverMiB, limit: 90 },
  ];
}

async function connectTimes(peer: Peer, runs: number): Promise<Measured> {
  const samples: number[] = [];
  let clientMiB = NaN;
  for (let run = 0; run <= runs; run++) {
    const start = performance.now();
    const terminal = new BenchTerminal(peer.client, peer.environment);
    terminal.type(READY);
    await terminal.until("ready", LIMIT_MS);
    // The first run warms the disk's cache and learns the host key.
    if (run > 0) samples.push(performance.now() - start);
    clientMiB = residentMiB(terminal.pid);
    await terminal.end();
    await pause(300);
  }
  return { ms: summarize(samples), clientMiB, serverMiB: residentMiB(peer.serverPid) };
}
