import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lookupExpiry, LookupError, nologinFile, parseShadowLine, type RunProgram } from "./index.js";

describe("parseShadowLine", () => {
  it.each([
    ["alice:$y$j9T$x:19000:0:99999:7:::", undefined],
    ["alice:!:19000:0:99999:7::-1:", undefined],
    ["alice:!$y$x:19000:0:99999:7::19500:", 19_500],
    ["alice:*:::::5:0:", 0],
  ])("takes %j", (line, expiry) => {
    expect(parseShadowLine(line)).toEqual({ name: "alice", expiry });
  });

  it.each(["", "alice", ":x:::::::", "alice:x::::::1", "alice:x::::::soon:", "alice:x::::::1::"])(
    "refuses %j",
    (line) => {
      expect(parseShadowLine(line)).toBeUndefined();
    },
  );
});

describe("lookupExpiry", () => {
  const answers =
    (status: number, stdout = ""): RunProgram =>
    () =>
      Promise.resolve({ status, stdout });

  it("asks for the name, after --", async () => {
    const calls: unknown[] = [];
    const expiry = await lookupExpiry("alice", (file, args) => {
      calls.push([file, ...args]);
      return Promise.resolve({ status: 0, stdout: "alice:!:1:0:9:7::42:\n" });
    });
    expect(calls).toEqual([["getent", "shadow", "--", "alice"]]);
    expect(expiry).toBe(42);
  });

  it.each([
    ["no entry", 2],
    ["no such database", 1],
  ])("takes %s for no expiry", async (_what, status) => {
    expect(await lookupExpiry("alice", answers(status))).toBeUndefined();
  });

  it("takes another's entry for nobody's, and runs nothing for what is no name", async () => {
    expect(await lookupExpiry("alice", answers(0, "bob:!:1:0:9:7::42:\n"))).toBeUndefined();
    expect(await lookupExpiry("-s", () => Promise.reject(new Error("was started")))).toBeUndefined();
  });

  it("tells a database that fails, without what it printed", async () => {
    await expect(lookupExpiry("alice", answers(3))).rejects.toThrow(LookupError);
    const nonsense = lookupExpiry("alice", answers(0, "alice:$y$secret\n"));
    await expect(nonsense).rejects.toThrow(/^getent shadow -- alice printed no entry$/);
  });
});

describe("nologinFile", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "moshpit-nologin-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("names the first that is there", async () => {
    const paths = [join(folder, "a"), join(folder, "b")];
    expect(await nologinFile(paths)).toBeUndefined();
    writeFileSync(join(folder, "b"), "");
    expect(await nologinFile(paths)).toBe(paths[1]);
    writeFileSync(join(folder, "a"), "");
    expect(await nologinFile(paths)).toBe(paths[0]);
    expect(await nologinFile([join(folder, "a", "below a file")])).toBe(join(folder, "a", "below a file"));
  });
});
