import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fingerprint } from "./fingerprint.js";
import { generateIdentity } from "./identity.js";
import { KnownHosts } from "./known-hosts.js";

const key = generateIdentity().publicKey;
const other = generateIdentity().publicKey;
const base64 = Buffer.from(key).toString("base64");

let folder = "";
let path = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moshpit-known-"));
  path = join(folder, ".mp", "known_hosts");
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("KnownHosts", () => {
  it("knows nobody without a file, and whoever was added after that", async () => {
    const empty = await KnownHosts.load(path);
    expect(empty.check("example.org", 40_404, key)).toEqual({ kind: "unknown" });
    const one = await empty.add("Example.org", 40_404, key);
    expect(one.check("example.ORG", 40_404, key)).toEqual({ kind: "trusted" });
    expect(one.check("example.org", 2_222, key)).toEqual({ kind: "unknown" });
    const two = await one.add("2001:db8::1", 2_222, other);
    expect(two.check("2001:db8::1", 2_222, other)).toEqual({ kind: "trusted" });
    expect(await readFile(path, "utf8")).toBe(
      `example.org moshpit ${base64}\n[2001:db8::1]:2222 moshpit ${Buffer.from(other).toString("base64")}\n`,
    );
    expect([(await stat(path)).mode & 0o777, (await stat(join(folder, ".mp"))).mode & 0o777]).toEqual([
      0o600, 0o700,
    ]);
  });

  it("tells a changed key with line and fingerprint, and does not add it", async () => {
    const hosts = await (await KnownHosts.load(path)).add("h", 40_404, key);
    expect(hosts.check("h", 40_404, other)).toEqual({ kind: "changed", line: 1, known: fingerprint(key) });
    await expect(hosts.add("h", 40_404, other)).rejects.toMatchObject({ code: "host-key-changed" });
    expect(await readFile(path, "utf8")).toBe(`h moshpit ${base64}\n`);
  });

  it("does not add twice, and not what another process contradicted meanwhile", async () => {
    const early = await KnownHosts.load(path);
    await (await early.add("h", 40_404, key)).add("h", 40_404, key);
    expect(await readFile(path, "utf8")).toBe(`h moshpit ${base64}\n`);
    await expect(early.add("h", 40_404, other)).rejects.toMatchObject({ code: "host-key-changed" });
  });

  it("reads what a person wrote: comments, several keys, a default port, no newline at the end", async () => {
    const file = join(folder, "kh");
    const second = Buffer.from(other).toString("base64");
    await writeFile(
      file,
      `# mine\n\nh moshpit ${second} old\n[H]:40404 moshpit ${base64}\nnonsense\n\nx moshpit AAAA`,
    );
    await chmod(file, 0o600);
    const hosts = await KnownHosts.load(file);
    expect(hosts.check("h", 40_404, key)).toEqual({ kind: "trusted" });
    expect(hosts.check("h", 40_404, other)).toEqual({ kind: "trusted" });
    expect(hosts.malformed).toEqual([5, 7]);
    const added = await hosts.add("y", 40_404, key);
    expect(added.check("y", 40_404, key)).toEqual({ kind: "trusted" });
    expect(added.malformed).toEqual([5, 7]);
  });

  it("does not believe a file that others can write", async () => {
    const file = join(folder, "k h");
    await writeFile(file, "");
    await chmod(file, 0o620);
    await expect(KnownHosts.load(file)).rejects.toThrow(
      `${file} is mode 0620, must be 0600: chmod 600 '${file}'`,
    );
  });

  it("loses no line to other processes that write at the same time", async () => {
    const program = join(folder, "add.mjs");
    await build({
      stdin: { contents: ADDING, resolveDir: import.meta.dirname, loader: "ts" },
      bundle: true,
      platform: "node",
      format: "esm",
      conditions: ["source"],
      outfile: program,
    });
    const processes = ["a", "b", "c", "d"];
    await Promise.all(processes.map((name) => promisify(execFile)(process.execPath, [program, path, name])));
    // A writer that sees half of another's line begins a new one: what may come of it is an empty line.
    const lines = (await readFile(path, "utf8")).split("\n").filter(Boolean).sort();
    const expected = processes.flatMap((name) =>
      Array.from({ length: 25 }, (_, i) => `${name}${i} moshpit ${Buffer.alloc(32, i).toString("base64")}`),
    );
    expect(lines).toEqual(expected.sort());
  });
});

/** Adds 25 hosts named after the second argument. */
const ADDING = `
  import { KnownHosts } from "./known-hosts.ts";
  const [path, name] = process.argv.slice(2);
  for (let i = 0; i < 25; i++) {
    await (await KnownHosts.load(path)).add(name + i, 40404, new Uint8Array(32).fill(i));
  }
`;
