import { setTimeout as sleep } from "node:timers/promises";
import { link, type LinkProfile } from "../../packages/libmoshpit-node/src/net/relay/index.js";
import type { RecordedClient } from "./recorded-client.js";

export type MischiefName = "loss" | "burst" | "reordering" | "duplication";

/** One session to record. */
export interface Scenario {
  readonly name: string;
  /** What runs. */
  readonly about: string;
  readonly profile: LinkProfile;
  readonly seed: number;
  /** Without one, no terminal: this command. */
  readonly command?: string;
  /** What the network has to have done, at least once each way, so that the trace is worth keeping. */
  readonly mischief: readonly MischiefName[];
  readonly run: (client: RecordedClient) => Promise<void>;
}

/** Waits for the prompt. */
const prompt = (client: RecordedClient): Promise<void> => client.shows(/in\$ $/);

/** A command line, and its prompt again. */
async function line(client: RecordedClient, text: string, apart = 60): Promise<void> {
  await client.type(`${text}\r`, apart);
  await prompt(client);
}

const CONTROL = { a: "\x01", c: "\x03", e: "\x05", k: "\x0b", u: "\x15", w: "\x17", r: "\x12" } as const;
const LEFT = "\x1b[D";
const UP = "\x1b[A";

/** What people do, over networks that they know. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "shell-line-editing",
    about: "a shell: typing, moving, deleting, history",
    profile: link("15 % loss, 100 ms round trip", { delayMs: 50, loss: 0.15 }),
    seed: 101,
    mischief: ["loss"],
    run: async (client) => {
      await client.type("echo hello wrold");
      for (let i = 0; i < 3; i++) await client.type(LEFT, 20);
      await client.type(`${CONTROL.w}wo`);
      await client.type(`${CONTROL.e}\r`);
      await prompt(client);
      await client.type(`${UP}${CONTROL.a}time ${CONTROL.e}${CONTROL.u}`);
      await line(client, "for i in 1 2 3; do echo line $i; done");
      await client.type(`${CONTROL.r}for\r`);
      await prompt(client);
      await client.type("sleep 30\r");
      await sleep(400);
      await client.type(CONTROL.c);
      await prompt(client);
    },
  },
  {
    name: "shell-bursts",
    about: "a shell, fast typing",
    profile: link("losses in runs of four, 80 ms round trip", { delayMs: 40, loss: 0.18, lossRun: 4 }),
    seed: 202,
    mischief: ["loss", "burst"],
    run: async (client) => {
      for (let i = 0; i < 4; i++) await line(client, `printf '%s\\n' row-${i} the quick brown fox`, 35);
      await client.type("cat > notes.txt\rfirst line\rsecond line\r\x04", 35);
      await prompt(client);
      await line(client, "wc notes.txt", 35);
    },
  },
  {
    name: "vim-editing",
    about: "vim: insert, move, search, undo, save",
    profile: link("10 % loss, reordering", { delayMs: 45, jitterMs: 10, loss: 0.1, reorder: 0.1 }),
    seed: 303,
    mischief: ["loss", "reordering"],
    run: async (client) => {
      await client.type("vim -N -u NONE -i NONE a.txt\r");
      await client.shows(/a\.txt/);
      await client.type("ithe first line\rthe second line\rthe third one\x1b");
      await client.type("ggOabove all\x1b:2\rdwyyp/third\rcwfourth\x1bu", 70);
      await client.type(":wq\r");
      await prompt(client);
      await line(client, "cat a.txt");
    },
  },
  {
    name: "less-paging",
    about: "less: forwards, backwards, searching",
    profile: link("jitter and reordering, 3 % loss", {
      delayMs: 30,
      jitterMs: 25,
      loss: 0.03,
      reorder: 0.25,
    }),
    seed: 404,
    mischief: ["loss", "reordering"],
    run: async (client) => {
      await line(client, "seq -f 'line %g of a long file' 400 > long.txt");
      await client.type("less long.txt\r");
      await client.shows(/long\.txt/);
      for (const key of [" ", " ", "b", "G", "g", "/200\r", "n", " ", "b"]) {
        await client.type(key);
        await sleep(250);
      }
      await client.type("q");
      await prompt(client);
    },
  },
  {
    name: "build-log",
    about: "a build's log: lines at uneven pace",
    profile: link("12 % loss, 120 ms round trip", { delayMs: 60, loss: 0.12 }),
    seed: 505,
    mischief: ["loss"],
    run: async (client) => {
      await client.type(
        'for i in $(seq 80); do echo "  CC      src/part-$i.o -O2 -Wall -Wextra"; sleep 0.0$((i * 7 % 9)); done\r',
        15,
      );
      await sleep(500);
      await client.shows(/part-80\.o[^]*in\$ $/);
    },
  },
  {
    name: "flood",
    about: "40 kB of output at once, interrupted once",
    profile: link("6 % loss, 500 kbit/s", { delayMs: 40, loss: 0.06, rateKbit: 500, queueMs: 400 }),
    seed: 606,
    mischief: ["loss"],
    run: async (client) => {
      await client.type("seq 1 8000\r", 20);
      await client.shows(/7999\r\n8000\r\n[^]*in\$ $/);
      await client.type("yes a line of output that never ends\r", 20);
      await sleep(150);
      await client.type(CONTROL.c);
      await prompt(client);
    },
  },
  {
    name: "cjk-and-emoji",
    about: "wide characters, typed and shown",
    profile: link("20 % loss, some twice", { delayMs: 50, loss: 0.2, duplicate: 0.15 }),
    seed: 707,
    mischief: ["loss", "duplication"],
    run: async (client) => {
      await line(client, "echo 你好世界 こんにちは 안녕하세요");
      await line(client, "echo 'naïve café — 😀 👩‍👩‍👧 🇯🇵 e\u0301'");
      await client.type("cat\r表示 テスト\r\x04");
      await prompt(client);
    },
  },
  {
    name: "resize-storm",
    about: "the window is dragged while less shows a file",
    profile: link("22 % loss", { delayMs: 40, loss: 0.22 }),
    seed: 808,
    mischief: ["loss"],
    run: async (client) => {
      await line(client, "seq -f 'line %g of a long file' 300 > long.txt", 30);
      await client.type("less long.txt\r", 30);
      await client.shows(/long\.txt/);
      for (let i = 1; i <= 24; i++) {
        client.resize(80 + 2 * i, 24 + (i % 12));
        await sleep(i % 6 === 0 ? 400 : 45);
      }
      await client.type(" ");
      await sleep(400);
      client.resize(80, 24);
      await sleep(500);
      await client.type("q");
      await prompt(client);
    },
  },
  {
    name: "duplicates",
    about: "a shell where a quarter of all packets comes twice",
    profile: link("25 % twice, 8 % loss, reordering", {
      delayMs: 35,
      jitterMs: 15,
      loss: 0.08,
      duplicate: 0.25,
      reorder: 0.12,
    }),
    seed: 909,
    mischief: ["loss", "duplication", "reordering"],
    run: async (client) => {
      for (const text of [
        "ls -a",
        "echo one two three | tr a-z A-Z",
        "seq 5 | sort -r",
        "date +%A > d; wc -w d",
      ])
        await line(client, text);
    },
  },
  {
    name: "awful",
    about: "a sentence and its echo",
    profile: link("29 % loss each way, 100 ms round trip", { delayMs: 50, loss: 0.29 }),
    seed: 1010,
    mischief: ["loss", "burst"],
    run: async (client) => {
      await line(client, "echo the quick brown fox jumps over the lazy dog", 110);
      await line(client, "echo pack my box with five dozen liquor jugs", 110);
    },
  },
  {
    name: "pipes",
    about: "no terminal: sort with its input, output, standard error and the end of the stream",
    profile: link("15 % loss", { delayMs: 40, loss: 0.15 }),
    seed: 1111,
    command: "sort; echo sorted >&2",
    mischief: ["loss"],
    run: async (client) => {
      for (let i = 0; i < 60; i++) {
        client.send(`${(i * 7919) % 997} row ${i}\n`);
        if (i % 10 === 9) await sleep(200);
      }
      client.end();
      await client.shows(/sorted/);
    },
  },
  {
    name: "tmux-panes",
    about: "tmux: a split, both panes at work",
    profile: link("crowded Wi-Fi: losses in runs, jitter, duplicates", {
      delayMs: 40,
      jitterMs: 40,
      loss: 0.1,
      lossRun: 3,
      reorder: 0.08,
      duplicate: 0.04,
    }),
    seed: 1212,
    mischief: ["loss", "reordering"],
    run: async (client) => {
      await client.type(
        "tmux -L trace -f /dev/null new 'bash --norc --noprofile' \\; set -g status off \\; split-window 'bash --norc --noprofile'\r",
        12,
      );
      await client.shows(/[$#] [^]*[$#] /);
      await client.type("for i in 1 2 3 4 5 6; do echo tick $i; sleep 0.3; done\r");
      await client.shows(/tick 3/);
      await client.type("\x02o");
      await client.type("seq 12\r");
      await sleep(1_500);
      await client.type("tmux kill-server\r");
      await client.shows(/exited|in\$ $/);
      await sleep(500);
    },
  },
  {
    name: "tunnel",
    about: "a shell; in the midst of a line nothing passes for three seconds",
    profile: link("8 % loss, and a tunnel", { delayMs: 45, jitterMs: 10, loss: 0.08 }),
    seed: 1313,
    mischief: ["loss", "burst"],
    run: async (client) => {
      await line(client, "echo before the tunnel");
      await client.type("echo in the ");
      client.network.dark = true;
      await client.type("dark nothing passes", 120);
      await sleep(800);
      client.network.dark = false;
      await client.type("\r");
      await prompt(client);
      await line(client, "echo after");
    },
  },
];
