import { loopback } from "./link.js";
import { mosh, moshpit, ssh, type Peer } from "./peers.js";
import type { Report, Scope } from "./report.js";
import { summarize, type Summary } from "./statistics.js";
import { BenchTerminal } from "./terminal.js";

/** Letters that terminals' control sequences do not use. */
const LETTERS = "qvwxyz";
const LINE = 40;
const LIMIT_MS = 30_000;

/** From a key to its echo by the remote shell, on loopback, without prediction. */
export async function keysBench({ runs }: Scope): Promise<Report[]> {
  const keys = Math.max(LINE, runs * 20);
  const measured = new Map<string, Summary>();
  for (const kind of [moshpit, ssh, mosh].filter((each) => each.available())) {
    const peer = await kind.start(loopback);
    try {
      measured.set(kind.name, await keystrokeTimes(peer, keys));
    } finally {
      await peer.stop();
    }
  }
  return [
    {
      title: `keystroke to echo, loopback, ${keys} keys`,
      columns: ["", "p50 ms", "p95 ms", "p99 ms", "max ms"],
      rows: [...measured].map(([name, ms]) => [name, ms.p50, ms.p95, ms.p99, ms.max]),
      goals: [{ text: "moshpit's median, ms", value: measured.get("moshpit")?.p50 ?? NaN, limit: 3 }],
    },
  ];
}

async function keystrokeTimes(peer: Peer, keys: number): Promise<Summary> {
  const terminal = new BenchTerminal(peer.client, peer.environment);
  try {
    terminal.type("printf '%s%s\\n' re ady\r");
    await terminal.until("ready", LIMIT_MS);
    await pause(500);
    const samples: number[] = [];
    for (let i = 0; i < keys; i++) {
      if (i > 0 && i % LINE === 0) {
        terminal.type("\x15");
        await pause(200);
      }
      samples.push(await echoTime(terminal, LETTERS[i % LETTERS.length] ?? ""));
      await pause(15 + ((i * 7) % 20));
    }
    return summarize(samples);
  } finally {
    await terminal.end();
  }
}

async function echoTime(terminal: BenchTerminal, key: string): Promise<number> {
  terminal.clear();
  const start = performance.now();
  terminal.type(key);
  await terminal.until(key, LIMIT_MS);
  return performance.now() - start;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
