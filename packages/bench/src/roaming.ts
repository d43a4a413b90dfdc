import type { LinkParameters } from "./link.js";
import { mosh, moshpit } from "./peers.js";
import type { Goal, Report, Scope } from "./report.js";
import { kindsHere, together, type Stage } from "./stage.js";
import { summarize, type Summary } from "./statistics.js";
import { pause } from "./terminal.js";

const ROUND_TRIP_MS = 100;
const LINK: LinkParameters = { delay_ms: ROUND_TRIP_MS / 2 };
/** Keys before a change of address, and from it on. */
const KEYS = { before: 3, after: 4 };

const CHANGES = {
  "the client's machine gets another address": ({ link }: Stage) => link.moveClient?.(),
  "a NAT gives the client another port and address": ({ link }: Stage) => link.rebind(),
} as const;

/** What mosh took at 100 ms round trip where the goal was set. */
const MOSH_THEN_MS = 159;

/** From the first key typed after the client's address changed to its echo; the change is amid typing. */
export async function* roamingBench({ runs, loopback }: Scope): AsyncGenerator<Report> {
  if (loopback) return;
  const changes = runs * 2;
  const stages = kindsHere(moshpit, mosh).map((kind) => ({ kind, link: LINK }));
  const found = await together(stages, async (stage) => {
    const measured = new Map<string, Summary>();
    for (const [name, change] of Object.entries(CHANGES)) {
      if (change === CHANGES["the client's machine gets another address"] && !stage.link.moveClient) continue;
      const latencies: number[] = [];
      for (let i = 0; i < changes; i++) latencies.push(await roamOnce(stage, change));
      measured.set(name, summarize(latencies));
    }
    return measured;
  });
  const names = [...(found[0]?.result.keys() ?? [])];
  for (const name of names)
    yield report(name, changes, new Map(found.map((f) => [f.name, f.result.get(name)])));
}

async function roamOnce(stage: Stage, change: (stage: Stage) => Promise<void> | undefined): Promise<number> {
  const { shell } = stage;
  const keys = shell.letters().slice(0, KEYS.before + KEYS.after);
  const echoes: Promise<number>[] = [];
  for (const [i, key] of keys.entries()) {
    if (i === KEYS.before) await change(stage);
    echoes.push(shell.press(key));
    await pause(80 + shell.random.below(200));
  }
  const latencies = await Promise.all(echoes);
  shell.killLine();
  await pause(300 + shell.random.below(300));
  return latencies[KEYS.before] ?? NaN;
}

function report(change: string, changes: number, found: ReadonlyMap<string, Summary | undefined>): Report {
  const theirs = found.get("mosh")?.p50 ?? NaN;
  const goals: Goal[] = (["p50", "p95"] as const).map((what) => {
    const value = found.get("moshpit")?.[what] ?? NaN;
    const limit = 1.2 * ROUND_TRIP_MS;
    return {
      text: `moshpit's ${what} of the first key from the new address, ms`,
      value,
      limit,
      ratios: [
        {
          of: `mosh's ${what}`,
          value: value / (found.get("mosh")?.[what] ?? NaN),
          limit: limit / MOSH_THEN_MS,
        },
      ],
    };
  });
  return {
    title: `roaming, ${ROUND_TRIP_MS} ms round trip: ${change} amid typing, ${changes} times; the first key typed afterwards`,
    columns: ["", "p50 ms", "p95 ms", "max ms", "of mosh"],
    rows: [...found].map(([name, ms]) => [
      name,
      ms?.p50 ?? NaN,
      ms?.p95 ?? NaN,
      ms?.max ?? NaN,
      (ms?.p50 ?? NaN) / theirs,
    ]),
    goals,
  };
}
