// A short session without a person: `mp` in a terminal of its own, a real shell, and a picture of the screen at the end.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Screen } from "./screen.mjs";
import { environment } from "./world.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const SIZE = { cols: 80, rows: 24 };
const PATIENCE_MS = 30_000;

/** Whatever the login shell is and its files make of it; what is typed here is no part of anybody's history. */
const SHELL =
  "exec env HISTFILE= sh -c 'command -v bash >/dev/null && exec bash --norc --noprofile -i || exec sh -i'";

/** What is typed, and what shows that it was done; `$?` and such would not be the same twice. */
const SCRIPT = [
  { type: "PS1='demo$ '; clear\r", until: /^demo\$ $/m },
  { type: 'echo "hello from $(uname -s), pid $$"\r', until: /^hello from \w+, pid \d+$/m },
  { type: "echo corrected tpyo\x17typo\r", until: /^corrected typo$/m },
  { type: "printf 'wide: %s\\n' '漢字 ñ ☃'\r", until: /^wide: 漢字 ñ ☃$/m },
  { type: "stty size\r", until: /^24 80$/m },
  { type: "exit 0\r", until: undefined },
];

/** Runs the session; { screen, status } at its end. Throws an Error with one line. */
export async function runScripted(world) {
  const { spawn } = createRequire(join(root, "packages/libmoshpit-node/package.json"))("node-pty");
  const terminal = spawn(world.mp, [...world.mpArguments, "--", SHELL], {
    ...SIZE,
    name: "xterm-256color",
    env: { ...environment(), TERM: "xterm-256color" },
  });
  const screen = new Screen(SIZE.cols, SIZE.rows);
  let changed = () => undefined;
  let status;
  terminal.onData((text) => (screen.feed(text), changed()));
  const exited = new Promise((resolve) =>
    terminal.onExit(({ exitCode }) => ((status = exitCode), changed(), resolve())),
  );

  const until = async (condition, what) => {
    const end = performance.now() + PATIENCE_MS;
    while (!condition()) {
      if (status !== undefined)
        throw new Error(`mp ended with status ${status} before ${what}:\n${screen.text}`);
      const left = end - performance.now();
      if (left <= 0) throw new Error(`nothing like ${what} within ${PATIENCE_MS / 1_000} s:\n${screen.text}`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        changed = () => (clearTimeout(timer), resolve());
      });
    }
  };

  try {
    await until(() => screen.text !== "", "a prompt");
    for (const { type, until: shown } of SCRIPT) {
      terminal.write(type);
      if (shown !== undefined) await until(() => shown.test(`${screen.text} `), shown);
    }
    await exited;
    return { screen: screen.text, status };
  } finally {
    if (status === undefined) terminal.kill();
  }
}
