// Makes docs/recovery.md: what losses cost the person who types, measured on virtual time. The same code gives the same
// file on every machine. With --check, writes nothing and fails if the file is stale. Fails if a goal is missed.
import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { format } from "prettier";

const RUNS = 20;
const RTT = 100;
const root = new URL("../", import.meta.url);
const document = new URL("docs/recovery.md", root);

/** Limits in milliseconds, by network. */
const GOALS = {
  "29 %": { p50: 1.1 * RTT, p95: 1.6 * RTT, p99: 2.6 * RTT },
  "50 %": { p95: 4 * RTT },
  "bursts, 5 %": { p95: 5 * RTT },
  "bursts, 15 %": { p95: 5 * RTT },
};
const MOST_PACKETS = 2.7;
const MOST_OCTETS = { full: 420, truncated: 330 };

/** The simulation, compiled in memory. */
async function loadTestkit() {
  const { outputFiles } = await build({
    stdin: {
      contents: 'export * from "testkit"; export { CipherSuite } from "libmoshpit/wire";',
      resolveDir: fileURLToPath(new URL("packages/testkit/src/", root)),
    },
    alias: { testkit: fileURLToPath(new URL("packages/testkit/src/index.ts", root)) },
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: ["source"],
  });
  const source = Buffer.from(outputFiles[0].contents).toString("base64");
  return import(`data:text/javascript;base64,${source}`);
}

const testkit = await loadTestkit();
const { NETWORKS, KEYS_PER_RUN, figuresOf, prose, fast, held, CipherSuite } = testkit;
const missed = [];

function table(columns, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(columns), line(columns.map((_, i) => (i === 0 ? "---" : "--:"))), ...rows.map(line)].join(
    "\n",
  );
}

/** A value with its limit, if it has one. */
function cell(where, what, value, limit, digits = 0) {
  const said = value.toFixed(digits);
  if (limit === undefined) return said;
  if (value > limit) missed.push(`${where}: ${what} is ${value.toFixed(2)}, the goal is ${limit}`);
  return `${said} (≤ ${Math.round(limit * 10) / 10})`;
}

function latencyRow(network) {
  const figures = figuresOf(network, RUNS);
  const { name } = network;
  if (!figures.complete) missed.push(`${name}: something was lost`);
  const goals = GOALS[name] ?? {};
  return [
    name,
    ...["p50", "p95", "p99", "max"].map((what) => cell(name, what, figures[what], goals[what])),
    figures.packets.toFixed(2),
    figures.octets.toFixed(0),
    figures.complete ? "none" : "SOME",
  ];
}

function costRows() {
  const [clean] = NETWORKS;
  const loopback = { name: "loopback", link: {} };
  const full = CipherSuite.AES_256_GCM_SIV_HMAC_SHA512;
  const truncated = CipherSuite.AES_256_GCM_SIV_HMAC_SHA512_256;
  const rhythms = { prose, fast, "key held down": held };
  return Object.entries(rhythms).flatMap(([name, rhythm]) =>
    [loopback, clean].map((network) => {
      const isGoal = network === clean;
      const where = `${name}, ${isGoal ? "100" : "0"} ms`;
      const whole = figuresOf(network, RUNS, full, rhythm);
      const short = figuresOf(network, RUNS, truncated, rhythm);
      return [
        name,
        isGoal ? "100 ms" : "0 ms",
        cell(where, "packets", whole.packets, isGoal ? MOST_PACKETS : undefined, 2),
        cell(where, "octets", whole.octets, isGoal ? MOST_OCTETS.full : undefined),
        cell(where, "octets, truncated", short.octets, isGoal ? MOST_OCTETS.truncated : undefined),
      ];
    }),
  );
}

const latencies = table(
  ["loss each way", "p50", "p95", "p99", "max", "packets", "octets", "keys lost"],
  NETWORKS.map(latencyRow),
);
const costs = table(["rhythm", "round trip", "packets", "octets", "octets, truncated suite"], costRows());

const text = `# What losses cost

Made by \`node scripts/recovery-figures.mjs\`: two connections on virtual time, ${RUNS} texts of ${KEYS_PER_RUN} keys on each network,
seeds 1 to ${RUNS}. The client types, the program at the server echoes each key at once, and a key is confirmed when its echo is at
the client; nothing is predicted. [spec/07](../spec/07-recovery.md) says how it is done. In brackets: the goals.

## Latency

From a key to its echo, in milliseconds; the round trip is ${RTT} ms. Losses are independent, or in bursts of four
packets on average (a Gilbert-Elliott model that loses everything in its bad state and advances with each packet), in each
direction from the first packet on. Packets and octets are per keystroke with its echo, both directions together, IP and UDP
headers included. A person types prose: 80 to 280 ms from key to key, and one time in twelve a pause of 0.4 to 2 s.

${latencies}

## Cost where nothing is lost

A keystroke costs two packets, the key and its echo, and a third, the acknowledgement of the echo, if the next key comes
later than 100 ms after the echo: so the round trip plus 100 ms decides. Where people type more slowly than that, as prose on
a round trip of almost nothing, it is nearly three packets. Fast is 60 to 140 ms from key to key; a key that is held down repeats every 33 ms.

${costs}

With the full HMAC a packet of one key is about 150 octets with its headers, with the truncated one 118. At 100 ms, what was typed
within the last round trip travels again with each key.
`;

const made = await format(text, { parser: "markdown", printWidth: 110 });
for (const each of missed) console.error(`missed: ${each}`);
if (missed.length > 0) process.exitCode = 1;
if (process.argv.includes("--check")) {
  const present = await readFile(document, "utf8").catch((error) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  if (present !== made) {
    console.error("docs/recovery.md is stale: run node scripts/recovery-figures.mjs");
    process.exitCode = 1;
  }
} else {
  await writeFile(document, made);
}
