import { mkdtempSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LogRecord } from "./format.js";
import type { Log } from "./log.js";
import { forwardingLog, openLog } from "./open.js";
import { LOG_LEVELS, levelFor, type LogLayer, type LogSettings } from "./settings.js";

const LAYER: LogLayer = {
  withTarget: true,
  withThreadIds: false,
  withThreadNames: false,
  withLineNumber: false,
  withLevel: true,
  directives: [],
};

let folder = "";
let path = "";
let stderr = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moshpit-openlog-"));
  path = join(folder, "logs", "moshpits.log");
  stderr = "";
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function open(settings: Partial<LogSettings> = {}, layer: Partial<LogLayer> = {}): Log {
  const usual: LogSettings = {
    verbosity: 0,
    stdout: { enabled: false, layer: LAYER },
    file: { path, verbosity: 0, layer: { ...LAYER, ...layer } },
  };
  const writeError = (text: string): void => void (stderr += text);
  return openLog({ ...usual, ...settings }, { target: "moshpits", role: "listener", writeError });
}

function everyLevel(log: Log): void {
  for (const level of LOG_LEVELS) log[level](`at ${level}`);
}

/** Without its moment, which differs. */
function linesOf(text: string): string[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, ""));
}

const fileLines = (): string[] => linesOf(readFileSync(path, "utf8"));

describe("the level", () => {
  it.each([
    [-9, "error"],
    [-2, "error"],
    [-1, "warn"],
    [0, "info"],
    [1, "debug"],
    [2, "trace"],
    [255, "trace"],
  ])("%i steps from INFO is %s", (verbosity, level) => {
    expect(levelFor(verbosity)).toBe(level);
  });

  it.each([
    [0, 0, 3],
    [1, 0, 4],
    [1, -2, 2],
    [-1, 2, 4],
    [3, 3, 5],
    [-9, 0, 1],
  ])("of the file is INFO + %i + its own %i: %i of five messages", async (verbosity, own, count) => {
    const log = open({ verbosity, file: { path, verbosity: own, layer: LAYER } });
    everyLevel(log);
    await log.close();
    expect(fileLines()).toEqual(
      LOG_LEVELS.slice(0, count).map((l) => `${l.toUpperCase().padStart(5)} moshpits: at ${l}`),
    );
  });

  it("is that of a directive for its target, layer by layer", async () => {
    const layer = {
      ...LAYER,
      directives: [
        { target: "moshpits::tcp", level: "trace" },
        { target: "moshpits::udp", level: "off" },
      ] as const,
    };
    const log = open({
      verbosity: -1,
      stdout: { enabled: true, layer },
      file: { path, verbosity: 0, layer: LAYER },
    });
    const [tcp, udp] = [log.child({ target: "tcp" }), log.child({ target: "udp" })];
    tcp.trace("handshake");
    udp.error("socket");
    log.info("nobody wants this");
    expect([
      tcp.isEnabled("trace"),
      udp.isEnabled("error"),
      udp.isEnabled("info"),
      log.isEnabled("info"),
    ]).toEqual([true, true, false, false]);
    await log.close();
    expect(linesOf(stderr)).toEqual(["TRACE moshpits::tcp: handshake"]);
    expect(fileLines()).toEqual(["ERROR moshpits::udp: socket"]);
  });
});

describe("the outputs", () => {
  it("make no file without a line for it", async () => {
    const log = open({ verbosity: -2 });
    log.warn("not at this level");
    await log.close();
    expect(existsSync(path)).toBe(false);
  });

  it("keep the order, before and after the library is there, with the moment of the event", async () => {
    const log = open();
    const before = Date.now();
    log.info("one");
    log.info("two");
    const after = Date.now();
    await log.flush();
    log.info("three");
    // Written at once from now on: a crash loses nothing.
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => line.split(" ").at(-1))).toEqual(["one", "two", "three"]);
    const moment = Date.parse(lines[0]!.split(" ")[0]!);
    expect(moment).toBeGreaterThanOrEqual(before);
    expect(moment).toBeLessThanOrEqual(after);
    await log.close();
  });

  it("tell once on standard error that the file can not be written", async () => {
    writeFileSync(join(folder, "logs"), "in the way");
    const log = open();
    log.info("lost");
    log.error("lost too");
    await log.close();
    expect(stderr).toMatch(/^mps: the log can not be written: [^\n]*\n$/);
  });

  it("keep lines from a raw terminal until it is raw no more", async () => {
    const log = open({ stdout: { enabled: true, layer: LAYER } });
    log.info("before");
    await log.flush();
    log.setRaw(true);
    for (let i = 0; i < 250; i++) log.info(`raw ${i}`);
    expect(linesOf(stderr)).toEqual([" INFO moshpits: before"]);
    log.setRaw(false);
    expect(stderr).toContain("(50 earlier lines are in the log file alone)\n");
    expect(linesOf(stderr).slice(-200)).toEqual(
      Array.from({ length: 200 }, (_, i) => ` INFO moshpits: raw ${i + 50}`),
    );
    expect(fileLines()).toHaveLength(251);
    await log.close();
  });

  it("show the TypeScript's line", async () => {
    const log = open({}, { withLineNumber: true });
    log.child({ target: "x" }).warn("here");
    log.warnLimited("kind", "there");
    await log.close();
    expect(fileLines()[0]).toMatch(/^ WARN moshpits::x: log\/open\.test\.ts:\d+: here$/);
    expect(fileLines()[1]).toMatch(/^ WARN moshpits: log\/open\.test\.ts:\d+: there$/);
  });

  it("are not flooded", async () => {
    const log = open();
    for (let i = 0; i < 10_000; i++) log.child({ target: "tcp" }).warnLimited("garbage", `garbage from ${i}`);
    for (let i = 0; i < 10_000; i++) log.infoLimited("hello", `hello ${i}`);
    await log.close();
    expect(fileLines()).toHaveLength(12);
    expect(fileLines()).toContain(
      " WARN moshpits::tcp: 9995 more like this within a minute, the last: garbage from 9999",
    );
    expect(fileLines()).toContain(
      " INFO moshpits: 9995 more like this within a minute, the last: hello 9999",
    );
  });
});

describe("forwardingLog", () => {
  it("sends what its level lets through", () => {
    const sent: LogRecord[] = [];
    const log = forwardingLog({
      target: "moshpits::host",
      level: "info",
      send: (record) => sent.push(record),
    });
    log.child({ target: "pty" }).info("spawned");
    log.debug("not wanted");
    expect(sent).toEqual([
      {
        time: expect.any(Number) as number,
        level: "info",
        target: "moshpits::host::pty",
        message: "spawned",
        where: expect.stringMatching(/^log\/open\.test\.ts:\d+$/) as string,
      },
    ]);
  });
});
