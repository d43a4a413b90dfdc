import { spawn as start, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { generateIdentity, writeKeyPair } from "libmoshpit-node/keys";
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from "vitest";

let folder = "";
/** Takes connections and says nothing. */
let server: Server;
let connected: Promise<unknown>;
let peer: Socket | undefined;
let words: readonly string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "moshpit-main-"));
  await build({
    entryPoints: [join(import.meta.dirname, "main.ts")],
    outfile: join(folder, "mp.mjs"),
    banner: {
      js: 'import { createRequire as __make } from "node:module"; const require = __make(import.meta.url);',
    },
    bundle: true,
    format: "esm",
    platform: "node",
    conditions: ["source"],
    external: ["node-pty", "@inquirer/prompts"],
    logLevel: "silent",
  });
  await writeFile(join(folder, "moshpit.toml"), "");
  await writeKeyPair(join(folder, "id"), { identity: generateIdentity(), comment: "" });
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  peer = undefined;
  connected = once(server, "connection").then(([socket]) => (peer = socket as Socket));
  const { port } = server.address() as AddressInfo;
  const options = ["-c", join(folder, "moshpit.toml"), "-p", join(folder, "id"), "-s", String(port)];
  words = [join(folder, "mp.mjs"), ...options, "alice@127.0.0.1", "--", "true"];
});

afterEach(() => {
  peer?.destroy();
  server.close();
});

const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("MOSHPIT")));

function withoutTerminal(): {
  child: ChildProcess;
  ended: Promise<{ status: number | null; stderr: string }>;
} {
  const child = start(process.execPath, words, { env, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  const ended = once(child, "close").then(([status]) => ({ status: status as number | null, stderr }));
  return { child, ended };
}

describe("mp", () => {
  it("opens no inspector on SIGUSR1", async () => {
    const { child, ended } = withoutTerminal();
    await connected;
    child.kill("SIGUSR1");
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.kill("SIGTERM");
    expect(await ended).toEqual({ status: 143, stderr: "" });
  });

  it("ends on SIGQUIT with the status that a shell shows for it", async () => {
    const { child, ended } = withoutTerminal();
    await connected;
    child.kill("SIGQUIT");
    expect(await ended).toEqual({ status: 131, stderr: "" });
  });

  it("does not stop as a background job with the terminal for its input", async () => {
    const line = [process.execPath, ...words].map((word) => `'${word}'`).join(" ");
    const job = `bash -c 'set -m; eval "$LINE" & read line; kill %1; wait'`;
    const shell = start("script", ["-qec", job, "/dev/null"], {
      env: { ...env, LINE: line },
      stdio: ["pipe", "ignore", "ignore"],
    });
    // Stopped by its terminal it would never dial.
    await connected;
    shell.stdin.write("\n");
    await once(shell, "close");
  });
});
