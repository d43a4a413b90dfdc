import { execFileSync } from "node:child_process";
import { constants, openSync } from "node:fs";
import { ReadStream } from "node:tty";
import { spawn, type IPty } from "node-pty";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TerminalGuard } from "./guard.js";

/** A program that does nothing on a terminal of its own; the test uses that terminal. */
type Terminal = IPty & { readonly ptsName: string };

let pty: Terminal;
let terminal: ReadStream;
let fd: number;
let written: string;

beforeEach(() => {
  pty = spawn("sleep", ["60"], { cols: 80, rows: 24 }) as Terminal;
  // This process must not get a controlling terminal by looking at one.
  fd = openSync(pty.ptsName, constants.O_RDWR | constants.O_NOCTTY);
  terminal = new ReadStream(fd);
  written = "";
});

afterEach(() => {
  terminal.destroy();
  pty.kill();
});

/** The modes of the terminal as the kernel has them. */
function modes(): string {
  return execFileSync("stty", ["-a", "-F", pty.ptsName], { encoding: "utf8" });
}

function makeGuard(): TerminalGuard {
  return new TerminalGuard(terminal, { write: (text) => (written += text) }, fd);
}

describe("TerminalGuard", () => {
  it("makes the terminal raw, output included, and gives it back as it was", () => {
    const before = modes();
    expect(before).toMatch(/ icanon.* echo[^]*|[^]*icanon/);
    const guard = makeGuard();
    guard.enter();
    expect(guard.raw).toBe(true);
    for (const off of ["-icanon", "-echo", "-isig", "-icrnl", "-ixon", "-opost", "-inlcr"])
      expect(modes()).toContain(off);
    guard.restore();
    expect(guard.raw).toBe(false);
    expect(modes()).toBe(before);
  });

  it("gives back what the person had set, not what is usual", () => {
    execFileSync("stty", ["-F", pty.ptsName, "-echo", "-ixon", "intr", "^G"]);
    const before = modes();
    const guard = makeGuard();
    guard.enter();
    guard.restore();
    expect(modes()).toBe(before);
  });

  it("enters and leaves many times, each time as the terminal was found", () => {
    const guard = makeGuard();
    for (const echo of ["echo", "-echo", "echo"]) {
      execFileSync("stty", ["-F", pty.ptsName, echo]);
      const before = modes();
      guard.enter();
      expect(modes()).toContain("-opost");
      guard.restore();
      guard.restore();
      expect(modes()).toBe(before);
    }
  });

  it("is raw again when entered again although somebody else changed the modes", () => {
    const guard = makeGuard();
    guard.enter();
    execFileSync("stty", ["-F", pty.ptsName, "sane"]);
    guard.enter();
    for (const off of ["-icanon", "-echo", "-opost"]) expect(modes()).toContain(off);
    guard.restore();
  });

  it("undoes what a program left in the terminal, and redoes it", () => {
    const guard = makeGuard();
    guard.enter();
    guard.observe(Buffer.from("\x1b[?1049h\x1b[?1000h"));
    guard.restore();
    expect(written).toMatch(/^\x1b\[\?1049l\x1b\[\?1000l.*\x1b\[\?25h$/);
    written = "";
    guard.enter();
    expect(written).toBe("\x1b[?1049h\x1b[?1000h");
    guard.restore();
  });

  it("writes nothing where nothing was shown", () => {
    const guard = makeGuard();
    guard.enter();
    guard.restore();
    expect(written).toBe("");
  });

  it("restores when the process exits, and not after it was left", () => {
    const listeners = process.listenerCount("exit");
    const guard = makeGuard();
    guard.enter();
    expect(process.listenerCount("exit")).toBe(listeners + 1);
    guard.restore();
    expect(process.listenerCount("exit")).toBe(listeners);
  });
});
