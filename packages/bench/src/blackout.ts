import { prose } from "testkit";
import type { LinkParameters } from "./link.js";
import { mosh, moshpit, ssh } from "./peers.js";
import type { Goal, Report, Scope } from "./report.js";
import { kindsHere, together, type Stage } from "./stage.js";
import { summarize } from "./statistics.js";
import { pause } from "./terminal.js";

const ROUND_TRIP_MS = 100;
const LINK: LinkParameters = { delay_ms: ROUND_TRIP_MS / 2 };
const DEAD_MS = 20_000;
/** The least time between two probes of a client that has input waiting. */
const PROBE_INTERVAL_MS = 200;
const SLACK_MS = 20;
const ECHO_LIMIT_MS = 120_000;
/** What mosh took at 100 ms round trip where the goals were set. */
const MOSH_THEN_MS = 117;
/** The key that ends a text: no other has it. */
const LAST = "#";

interface Scenario {
  readonly title: string;
  readonly limit: number;
  /** The milliseconds that are measured. */
  readonly act: (stage: Stage) => Promise<number>;
}

const SCENARIOS: readonly Scenario[] = [
  {
    title: "typed meanwhile, nothing afterwards: from the link's return to the echo of everything",
    limit: ROUND_TRIP_MS + PROBE_INTERVAL_MS + SLACK_MS,
    act: async (stage) => {
      await stage.link.cut(true);
      await typeFor(stage, DEAD_MS - 1_000);
      const echoed = stage.shell.terminal.printed(LAST, ECHO_LIMIT_MS);
      stage.shell.terminal.type(LAST);
      // Not always at the same moment between two probes.
      await pause(1_000 + stage.shell.random.below(1_000));
      await stage.link.cut(false);
      const start = performance.now();
      return (await echoed) - start;
    },
  },
  {
    title: "typed meanwhile, and a key at the link's return: from this key to the echo of everything",
    limit: ROUND_TRIP_MS + SLACK_MS,
    act: async (stage) => {
      await stage.link.cut(true);
      await typeFor(stage, DEAD_MS);
      await pause(stage.shell.random.below(1_000));
      await stage.link.cut(false);
      return await stage.shell.press(LAST);
    },
  },
  {
    title: "nothing typed meanwhile, and a key up to 1 s after the link's return: from this key to its echo",
    limit: 1.2 * ROUND_TRIP_MS,
    act: async (stage) => {
      await stage.link.cut(true);
      await pause(DEAD_MS);
      await stage.link.cut(false);
      await pause(stage.shell.random.below(1_000));
      return await stage.shell.press(LAST);
    },
  },
];

/** What is typed while the link is dead, and how soon it is confirmed when the link is back. */
export async function blackoutBench({ runs, loopback }: Scope): Promise<Report[]> {
  if (loopback) return [];
  const times = Math.max(1, Math.round(runs / 2));
  const kinds = kindsHere(moshpit, ssh, mosh);
  const acts = SCENARIOS.flatMap((scenario) => kinds.map((kind) => ({ scenario, kind })));
  const scenarioOf = new Map<Stage, Scenario>();
  const wanted = acts.map(({ kind }, i) => ({ kind, link: { ...LINK, seed: i + 1 } }));
  const found = await together(wanted, async (stage) => {
    const scenario = acts[scenarioOf.size]?.scenario;
    if (scenario === undefined) throw new Error("more stages than scenarios");
    scenarioOf.set(stage, scenario);
    const took: number[] = [];
    for (let i = 0; i < times; i++) {
      took.push(await scenario.act(stage));
      stage.shell.killLine();
      await pause(3_000);
    }
    return { scenario, took };
  });
  return SCENARIOS.map((scenario) =>
    report(
      scenario,
      times,
      new Map(found.filter((f) => f.result.scenario === scenario).map((f) => [f.name, f.result.took])),
    ),
  );
}

/** Prose without echoes. */
async function typeFor({ shell }: Stage, ms: number): Promise<void> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    shell.terminal.type(String.fromCharCode(97 + shell.random.below(26)));
    await shell.rest(prose);
  }
}

function report(scenario: Scenario, times: number, found: ReadonlyMap<string, readonly number[]>): Report {
  const median = (name: string): number => summarize(found.get(name) ?? []).p50;
  const ours = summarize(found.get("moshpit") ?? []);
  const goals: Goal[] = [
    {
      text: "moshpit's longest, ms",
      value: ours.max,
      limit: scenario.limit,
      ratio: {
        of: "mosh's longest",
        value: ours.max / summarize(found.get("mosh") ?? []).max,
        limit: scenario.limit / MOSH_THEN_MS,
      },
    },
  ];
  return {
    title: `blackout of ${DEAD_MS / 1_000} s, ${ROUND_TRIP_MS} ms round trip, ${times} times: ${scenario.title}`,
    columns: ["", "p50 ms", "max ms", "of mosh"],
    rows: [...found].map(([name, took]) => [
      name,
      median(name),
      summarize(took).max,
      median(name) / median("mosh"),
    ]),
    goals,
  };
}
