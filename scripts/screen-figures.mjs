// Makes docs/screen.md: what differences and paintings of usual screens cost, and how long an emulator can be kept busy.
// `node scripts/screen-figures.mjs` writes the file; with --check it fails if the octets are no longer those in the file.
import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const file = new URL("docs/screen.md", root);
const encode = (text) => new TextEncoder().encode(text);

/** The library, compiled in memory. */
async function loadScreen() {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("packages/libmoshpit/src/screen/index.ts", root))],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: ["source"],
  });
  globalThis.require ??= createRequire(import.meta.url);
  const source = Buffer.from(outputFiles[0].contents).toString("base64");
  return import(`data:text/javascript;base64,${source}`);
}

/** Numbers that look random and are the same each time. */
function numbers(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const random = numbers(1);
const WORDS =
  "const let function return if else state screen row cell of the and to in = => ( ) { } ; // 0 1".split(" ");

/** A line of code as an editor colours it. */
function codeLine(number) {
  let text = `\x1b[33m${String(number).padStart(4)} \x1b[m`;
  for (let used = 5; used < 50 + random(20);) {
    const word = WORDS[random(WORDS.length)];
    text += `${/^[a-z]+$/.test(word) && random(3) === 0 ? `\x1b[35m${word}\x1b[m` : word} `;
    used += word.length + 1;
  }
  return text;
}

/** One refresh of a process viewer, drawn as such programs draw: only what changed, with absolute positions. */
function processes(first) {
  let out = "";
  for (let cpu = 0; cpu < 4; cpu++) {
    const busy = random(60);
    out += `\x1b[${cpu + 1};3H\x1b[36m${cpu}\x1b[1m[\x1b[m\x1b[32m${"|".repeat(busy / 2).padEnd(30)}\x1b[m`;
    out += `\x1b[${cpu + 1};35H\x1b[1;30m${String(busy).padStart(3)}.${random(10)}%\x1b[1m]\x1b[m`;
  }
  out +=
    "\x1b[6;1H\x1b[30;42m  PID USER      PRI  NI  VIRT   RES   SHR S CPU% MEM%   TIME+  Command\x1b[K\x1b[m";
  for (let row = 0; row < 17; row++) {
    if (!first && random(3) > 0) continue;
    out += `\x1b[${row + 7};1H${String(1_000 + row * 37).padStart(5)} alice      20   0 ${1_000 + row * 91}M `;
    out += `\x1b[36m${100 + random(20)}M\x1b[m \x1b[36m  ${10 + row}M\x1b[m S \x1b[32m${random(9)}.${random(10)}\x1b[m  ${row % 9}.1 `;
    out += ` 0:${String(random(60)).padStart(2, "0")}.${String(random(100)).padStart(2, "0")} \x1b[1mprogram-${row}\x1b[m --option\x1b[K`;
  }
  return out;
}

const prompt = "\x1b[1;32malice@server\x1b[m:\x1b[1;34m~/project\x1b[m$ ";
const listing = Array.from(
  { length: 30 },
  (_, i) => `-rw-r--r-- 1 alice users ${1_000 + i * 371} Nov 12 10:${10 + i} file-${i}.ts`,
);
const shell = `${prompt}ls -l\r\n${listing.join("\r\n")}\r\n${prompt}`;
const editor = `\x1b[?1049h\x1b[1;23r\x1b[H${Array.from({ length: 23 }, (_, i) => codeLine(i + 1)).join("\r\n")}\x1b[24;1H"file.ts" 900 lines\x1b[1;1H`;

/** What is on the screen before, and what the program then writes. */
const SCENES = [
  ["a key echoed at a prompt", shell, "g"],
  [
    "a shell line: a command's last key, its line of output, the prompt",
    `${shell}git rev-parse HEA`,
    `D\r\n873bb5d0c1a4e5f60718293a4b5c6d7e8f901234\r\n${prompt}`,
  ],
  [
    "an editor scrolls by a line",
    editor,
    `\x1b[23;1H\r\n${codeLine(24)}\x1b[24;1H\x1b[K\x1b[24;63H24,1\x1b[23;1H`,
  ],
  [
    "an editor scrolls by half a screen",
    editor,
    `\x1b[23;1H${Array.from({ length: 11 }, (_, i) => `\r\n${codeLine(24 + i)}`).join("")}\x1b[12;1H`,
  ],
  ["a process viewer refreshes", processes(true), processes(false)],
  ["a full screen of coloured text, from nothing", "", editor],
  [
    "a pager shows its next page",
    listing.slice(0, 23).join("\r\n"),
    `\r\n${Array.from({ length: 23 }, (_, i) => `line ${i} of the next page, as plain as any other text`).join("\r\n")}`,
  ],
];

function octetRows({ Emulator, diff, compress, apply, paint, repaint, sameState }) {
  return SCENES.map(([name, before, output]) => {
    const emulator = new Emulator(80, 24);
    emulator.writeAll(encode(before));
    const a = emulator.state();
    emulator.writeAll(encode(output));
    const b = emulator.state();
    const difference = diff(a, b);
    if (!sameState(apply(a, difference), b)) throw new Error(`${name}: apply(a, diff(a, b)) is not b`);
    const sizes = [encode(output), difference, compress(difference).octets, paint(a, b), repaint(b)];
    return `| ${name} | ${sizes.map(({ length }) => length).join(" | ")} |`;
  });
}

/** Sequences and texts that are dear to an emulator; each alone, and then pairs of them, fill 64 KiB. */
const HEAVY = [
  "\x1b[999S",
  "\x1b[S",
  "\x1b[H\x1b[999L",
  "\x1b[H\x1b[M",
  "\x1b[T",
  "\x1b[J",
  "\x1b[2J",
  "\x1b[@",
  "\x1b[P",
  "a\x1b[99999b",
  "\n",
  "\x1bM",
  "\x1bc",
  "\x1b#8",
  "\x1b[?1049h\x1b[?1049l",
  "\x1b[999I\x1b[999Z",
  "\x1b[9 @",
  "\x1b[9'}",
  "\x1b[?2J",
  "\x1b[1;3;4;38;2;1;2;3;48;5;9m",
  "\x1b]8;;http://x\x07a",
  "\x1b]4;1;#123456\x07",
  "\x1b]2;t\x07",
  "\x1b[22t",
  "a\u0301\u0302",
  "\u0301\x1b[m",
  "漢",
  "🙂",
  "\x1b[6n",
  "\x1b[4habc",
  `\x1b[4h${"a".repeat(99)}`,
  "\x1b[?7lab",
  "\x1b7\x1b8",
  "\x1b[2;9r\x1b[9H\n",
  "\x07",
  "\x1bP$qm\x1b\\",
  "x",
];

const SIZES = [
  [80, 24],
  [200, 60],
  [1_000, 1_000],
  [2, 1_000],
  [1_000, 2],
];

/** Milliseconds of a processor. */
function busy() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** The longest of the first turns of each input, the least of two tries: the machine is busy with other things too. */
function slowest({ Emulator }) {
  const pick = numbers(7);
  const pairs = Array.from({ length: 40 }, () => HEAVY[pick(HEAVY.length)] + HEAVY[pick(HEAVY.length)]);
  let worst = { time: 0, input: "", size: "" };
  for (const [columns, rows] of SIZES) {
    for (const piece of [...HEAVY, ...pairs]) {
      const unit = encode(piece);
      const input = new Uint8Array(65_536).map((_, i) => unit[i % unit.length]);
      const emulator = new Emulator(columns, rows);
      let least = Infinity;
      for (let attempt = 0; attempt < 2; attempt++) {
        let longest = 0;
        for (let at = 0, turns = 0; at < input.length && turns < 4; turns++) {
          const begun = busy();
          at += emulator.write(input, at);
          longest = Math.max(longest, busy() - begun);
        }
        emulator.takeEvents();
        emulator.takeLines();
        least = Math.min(least, longest);
      }
      if (least > worst.time)
        worst = { time: least, input: JSON.stringify(piece), size: `${columns} × ${rows}` };
    }
  }
  return worst;
}

/** Megaoctets a second of a processor. */
function rate({ Emulator }, text, state) {
  const octets = encode(text.repeat(Math.ceil(60_000 / text.length)));
  const emulator = new Emulator(80, 24);
  const run = (milliseconds) => {
    const begun = busy();
    let done = 0;
    while (busy() - begun < milliseconds) {
      emulator.writeAll(octets);
      emulator.takeLines();
      if (state) emulator.state();
      done += octets.length;
    }
    return done / (busy() - begun) / 1_000;
  };
  run(300);
  return run(700).toFixed(1);
}

/** Microseconds of a processor for a state of a full coloured screen, and octets that a kept state of a shell takes. */
async function stateCosts({ Emulator }) {
  const emulator = new Emulator(80, 24);
  emulator.writeAll(encode(editor));
  for (let i = 0; i < 2_000; i++) emulator.state();
  const begun = busy();
  for (let i = 0; i < 5_000; i++) emulator.state();
  const time = ((busy() - begun) / 5).toFixed(0);
  const settle = async () => {
    for (let i = 0; i < 3; i++) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await settle();
  const memory = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  const before = memory();
  const kept = [];
  for (let i = 0; i < 2_000; i++) {
    emulator.writeAll(encode(`\r\nline ${i} of some output that a build might print on its way`));
    emulator.takeLines();
    kept.push(emulator.state());
  }
  await settle();
  return { time, octets: Math.round((memory() - before) / kept.length) };
}

const screen = await loadScreen();
const octets = octetRows(screen);

if (process.argv.includes("--check")) {
  const text = await readFile(file, "utf8");
  const squeeze = (line) => line.replace(/ +/g, " ");
  const there = new Set(text.split("\n").map(squeeze));
  const stale = octets.filter((row) => !there.has(squeeze(row)));
  for (const row of stale) console.error(`docs/screen.md is stale: ${row}`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  const { time, octets: kept } = await stateCosts(screen);
  const worst = slowest(screen);
  const text = "The quick brown fox jumps over the lazy dog 0123456789 abcdefghijklmnop\r\n";
  await writeFile(
    file,
    `# What screens cost

Made by \`node --expose-gc scripts/screen-figures.mjs\`; the octets are checked by \`node scripts/screen-figures.mjs --check\`.
[spec/08](../spec/08-screen.md) says what a difference is.

## Octets

80 × 24. The _output_ is what the program writes, and what a byte stream would carry; the _difference_ and its
deflated form are what a ScreenState carries; the _painting_ is what the client writes to the person's terminal, which costs the network nothing, and the _repaint_ is the same from any terminal in any
state.

| scene | output | difference | deflated | painting | repaint |
| ----- | -----: | ---------: | -------: | -------: | ------: |
${octets.join("\n")}

## Time and memory

Of the machine that made this file, in time of a processor: they say how things compare, not how fast another machine is.

| what                                                                         |                                 |
| ---------------------------------------------------------------------------- | ------------------------------- |
| plain lines through the emulator, history packed                             | ${rate(screen, text, false)} MB/s |
| the same, and a state for each 60 KB                                         | ${rate(screen, text, true)} MB/s |
| \`y\` and a line feed, over and over                                         | ${rate(screen, "y\r\n", false)} MB/s |
| a state of a full screen of coloured text                                    | ${time} µs |
| memory of each state that is kept while a shell prints a line between states | ${kept} octets |
| the longest turn of the inputs that were tried (64 KiB, ${SIZES.length} sizes)         | ${worst.time.toFixed(0)} ms |

The longest turn was that of ${worst.input}, repeated, on ${worst.size}. A turn is what \`Emulator.write\` does in one call; what is left of 64 KiB waits for the next.
`,
  );
}
