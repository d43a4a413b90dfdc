import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "./leftovers.js";
import type { EmulatedLink, LinkParameters } from "./link.js";
import { mosh, moshpit, ssh } from "./peers.js";
import type { Goal, Report, Scope } from "./report.js";
import type { Shell } from "./shell.js";
import { kindsHere, together, type Stage } from "./stage.js";
import { summarize, type Summary } from "./statistics.js";
import { pause } from "./terminal.js";

const ROUND_TRIP_MS = 100;
const LINK: LinkParameters = { delay_ms: ROUND_TRIP_MS / 2 };
const DEAD_MS = 20_000;
/** The least time between two probes of a client that has input waiting. */
const PROBE_INTERVAL_MS = 200;
const SLACK_MS = 20;
/** Keys that end a text, one after the other: no text has them, so they are printed once. */
const LAST = "#%@+=!&*?";

interface Scenario {
  readonly title: string;
  readonly limit: number;
  /** What mosh took where the goal was set, if that is known. */
  readonly moshThen?: number;
  /** Cuts the link and types a text that ends with `last`; the milliseconds that are measured. */
  readonly act: (writer: Writer, last: string) => Promise<number>;
}

interface Found {
  readonly ms: readonly number[];
  /** Texts that are not in their file as they were typed. */
  readonly damaged: number;
}

const SCENARIOS: readonly Scenario[] = [
  {
    title: "typed meanwhile, nothing afterwards: from the link's return to the echo of everything",
    limit: ROUND_TRIP_MS + PROBE_INTERVAL_MS + SLACK_MS,
    act: async (writer, last) => {
      await writer.link.cut(true);
      await writer.typeFor(DEAD_MS - 1_000);
      const echoed = writer.press(last).then(() => performance.now());
      // Not always at the same moment between two probes.
      await pause(1_000 + writer.shell.random.below(1_000));
      await writer.link.cut(false);
      const start = performance.now();
      return (await echoed) - start;
    },
  },
  {
    title: "typed meanwhile, and a key at the link's return: from this key to the echo of everything",
    limit: ROUND_TRIP_MS + SLACK_MS,
    moshThen: 117,
    act: async (writer, last) => {
      await writer.link.cut(true);
      await writer.typeFor(DEAD_MS);
      await pause(writer.shell.random.below(1_000));
      await writer.link.cut(false);
      return await writer.press(last);
    },
  },
  {
    title: "nothing typed meanwhile, and a key up to 1 s after the link's return: from this key to its echo",
    limit: 1.2 * ROUND_TRIP_MS,
    act: async (writer, last) => {
      await writer.link.cut(true);
      await pause(DEAD_MS);
      await writer.link.cut(false);
      await pause(writer.shell.random.below(1_000));
      return await writer.press(last);
    },
  },
];

/** What is typed while the link is dead, and how soon it is confirmed when the link is back. */
export async function* blackoutBench({ runs, loopback }: Scope): AsyncGenerator<Report> {
  if (loopback) return;
  const times = Math.min(LAST.length, Math.max(1, Math.round(runs / 2)));
  const kinds = kindsHere(moshpit, ssh, mosh);
  const wanted = SCENARIOS.flatMap((scenario) => kinds.map((kind) => ({ scenario, kind, link: LINK })));
  const found = await together(wanted, async (stage, i) => {
    const ms: number[] = [];
    let damaged = 0;
    for (const last of LAST.slice(0, times)) {
      const writer = await Writer.open(stage);
      ms.push((await wanted[i]?.scenario.act(writer, last)) ?? NaN);
      if (!(await writer.isWritten())) damaged++;
      await pause(2_000);
    }
    return { ms, damaged };
  });
  for (const scenario of SCENARIOS) {
    const its = found.filter((_, i) => wanted[i]?.scenario === scenario);
    yield report(scenario, times, new Map(its.map((f) => [f.name, f.result])));
  }
}

/** Types into a file. */
class Writer {
  readonly shell: Shell;
  readonly link: EmulatedLink;
  readonly #dir: string;
  #typed = "";

  private constructor({ shell, link }: Stage, dir: string) {
    this.shell = shell;
    this.link = link;
    this.#dir = dir;
  }

  static async open(stage: Stage): Promise<Writer> {
    const dir = temporaryDirectory();
    stage.shell.terminal.type(`cat > ${join(dir, "typed")}\r`);
    await pause(1_000);
    return new Writer(stage, dir);
  }

  /** Prose, whether or not echoes come. */
  async typeFor(ms: number): Promise<void> {
    const end = performance.now() + ms;
    while (performance.now() < end) {
      const key = String.fromCharCode(97 + this.shell.random.below(26));
      this.#typed += key;
      this.shell.terminal.type(key);
      await this.shell.rest();
    }
  }

  async press(key: string): Promise<number> {
    this.#typed += key;
    return await this.shell.press(key);
  }

  /** Ends the file; whether it has what was typed, once and in order. */
  async isWritten(): Promise<boolean> {
    this.shell.terminal.type("\r\x04");
    await this.shell.run(":");
    const written = readFileSync(join(this.#dir, "typed"), "utf8");
    rmSync(this.#dir, { recursive: true });
    return written === `${this.#typed}\n`;
  }
}

function report(
  { title, limit, moshThen }: Scenario,
  times: number,
  found: ReadonlyMap<string, Found>,
): Report {
  const of = (name: string): Summary => summarize(found.get(name)?.ms ?? []);
  const ours = of("moshpit").max;
  const goals: Goal[] = [
    {
      text: "moshpit's longest, ms",
      value: ours,
      limit,
      ...(moshThen !== undefined && {
        ratios: [{ of: "mosh's longest", value: ours / of("mosh").max, limit: limit / moshThen }],
      }),
    },
    {
      text: "moshpit's texts that were not written as typed",
      value: found.get("moshpit")?.damaged ?? NaN,
      limit: 0,
    },
  ];
  return {
    title: `blackout of ${DEAD_MS / 1_000} s, ${ROUND_TRIP_MS} ms round trip, ${times} times: ${title}`,
    columns: ["", "p50 ms", "max ms", "of mosh", "texts damaged"],
    rows: [...found].map(([name, { damaged }]) => [
      name,
      of(name).p50,
      of(name).max,
      of(name).p50 / of("mosh").p50,
      String(damaged),
    ]),
    goals,
  };
}
