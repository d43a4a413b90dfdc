import { createHash } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { openPty, type ProgramExit, type TerminalProgram } from "./index.js";

interface Run {
  readonly program: TerminalProgram;
  readonly output: () => Buffer;
  readonly exited: Promise<ProgramExit>;
  /** Resolves when the output contains the text. */
  readonly shows: (text: string) => Promise<void>;
}

const ENV = { PATH: "/usr/bin:/bin", HOME: "/", LC_ALL: "C.UTF-8" };

async function sh(
  command: string,
  onData: (program: () => TerminalProgram) => void = () => undefined,
): Promise<Run> {
  const chunks: Uint8Array[] = [];
  let exit: (status: ProgramExit) => void;
  const exited = new Promise<ProgramExit>((resolve) => (exit = resolve));
  const program: TerminalProgram = await openPty(
    { file: "/bin/sh", args: ["-c", command], env: ENV, cwd: "/", term: "xterm", columns: 80, rows: 24 },
    {
      data: (bytes) => {
        chunks.push(bytes);
        onData(() => program);
      },
      end: () => undefined,
      exit: (status) => exit(status),
    },
  );
  const output = (): Buffer => Buffer.concat(chunks);
  const shows = async (text: string): Promise<void> => {
    for (let i = 0; i < 500 && !output().includes(text); i++) await wait(10);
    expect(output().toString()).toContain(text);
  };
  return { program, output, exited, shows };
}

const MEGABYTES_5 = "yes 0123456789abcde | head -c 5242880";

function digestOf5Megabytes(): string {
  const text = "0123456789abcde\n".repeat(5_242_880 / 16).replaceAll("\n", "\r\n");
  return createHash("sha256").update(text).digest("hex");
}

describe("a program on a pseudo-terminal", () => {
  it("sees a terminal of the given size and type, and nothing of our environment", async () => {
    process.env["OF_THE_SERVER"] = "secret";
    const { exited, output } = await sh("stty size; env; tty");
    expect(await exited).toEqual({ code: 0 });
    expect(output().toString()).toMatch(/^24 80\r\n/);
    expect(output().toString()).toContain("TERM=xterm");
    expect(output().toString()).toContain("/dev/pts/");
    expect(output().toString()).not.toContain("secret");
  });

  it.each([
    ["exit 0", { code: 0 }],
    ["exit 7", { code: 7 }],
    ["kill -TERM $$", { signal: 15 }],
    ["kill -KILL $$", { signal: 9 }],
  ])("%s is reported as %j", async (command, status) => {
    expect(await (await sh(command)).exited).toEqual(status);
  });

  it("delivers 5 MB written right before the exit", async () => {
    const { exited, output } = await sh(MEGABYTES_5);
    expect(await exited).toEqual({ code: 0 });
    expect(createHash("sha256").update(output()).digest("hex")).toBe(digestOf5Megabytes());
  });

  it("delivers them to a reader that pauses for longer than the program lives", async () => {
    let chunks = 0;
    const { exited, output } = await sh(MEGABYTES_5, (program) => {
      if (++chunks % 300 !== 0) return;
      program().pause();
      setTimeout(() => program().resume(), 20);
    });
    await exited;
    expect(createHash("sha256").update(output()).digest("hex")).toBe(digestOf5Megabytes());
  });

  it("keeps the tail for a reader that was paused when the program ended", async () => {
    let paused = false;
    const { program, exited, output } = await sh("printf first; sleep 0.1; printf tail", (get) => {
      if (paused) return;
      paused = true;
      get().pause();
    });
    await wait(600);
    expect(output().toString()).toBe("first");
    program.resume();
    expect(await exited).toEqual({ code: 0 });
    expect(output().toString()).toBe("firsttail");
  });

  it("reads nothing while paused, so that the program waits", async () => {
    let seen = 0;
    const { program, exited } = await sh("yes", (get) => {
      if (++seen === 10) get().pause();
    });
    await wait(200);
    expect(seen).toBe(10);
    program.hangUp();
    expect(await exited).toEqual({ signal: 1 });
  });

  it("ends though somebody in the background keeps the terminal", async () => {
    const { exited, output } = await sh("trap '' HUP; sleep 3 & printf done");
    expect(await exited).toEqual({ code: 0 });
    expect(output().toString()).toBe("done");
  });

  it("ends though somebody in the background keeps writing", async () => {
    const { exited } = await sh("trap '' HUP; (timeout 5 yes) & exit 3");
    expect(await exited).toEqual({ code: 3 });
  });

  it("is given every octet, in raw mode, and writes every octet", async () => {
    const { program, exited, output, shows } = await sh("stty raw -echo; printf ready; head -c 512");
    await shows("ready");
    const octets = Uint8Array.from({ length: 512 }, (_, i) => i & 0xff);
    await new Promise<void>((resolve) => program.write(octets, resolve));
    expect(await exited).toEqual({ code: 0 });
    expect(output().subarray(5)).toEqual(Buffer.from(octets));
  });

  it("is told of a new size", async () => {
    const { program, exited, output, shows } = await sh(
      'trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.05; done',
    );
    await shows("ready");
    program.resize(132, 43);
    await exited;
    expect(output().toString()).toContain("43 132");
  });

  it("reads end-of-file at the end of the input", async () => {
    const { program, exited, shows } = await sh("echo ready; cat");
    await shows("ready");
    program.endInput();
    expect(await exited).toEqual({ code: 0 });
  });

  it("gets SIGHUP, with what it started, when the person is gone", async () => {
    const { program, exited, shows } = await sh("sleep 60 & echo child=$!; sleep 60");
    await shows("child=");
    program.hangUp();
    expect(await exited).toEqual({ signal: 1 });
  });

  it("may close its terminal before it ends", async () => {
    const { exited, output } = await sh("echo last; exec <&- >&- 2>&-; sleep 0.3; exit 7");
    expect(await exited).toEqual({ code: 7 });
    expect(output().toString()).toBe("last\r\n");
  });

  it("is killed after the grace if it ignores that", async () => {
    const { program, exited, shows } = await sh("trap '' HUP; echo ready; while :; do sleep 0.05; done");
    await shows("ready");
    program.hangUp(100);
    expect(await exited).toEqual({ signal: 9 });
  });

  it("inherits no descriptors besides its terminal, above all no other's", async () => {
    const other = await sh("sleep 60");
    const { exited, output } = await sh("readlink /proc/self/fd/*; tty");
    await exited;
    const links = output().toString().trim().split("\r\n");
    const own = links.pop() ?? "";
    expect(own).toMatch(/^\/dev\/pts\/\d+$/);
    expect(links.filter((link) => link === own)).toHaveLength(3);
    expect(links.filter((link) => /ptmx|pts/.test(link) && link !== own)).toEqual([]);
    other.program.hangUp();
    await other.exited;
  });

  it("takes input while its output waits, and the other way round", async () => {
    const { program, exited, output, shows } = await sh(
      "stty raw -echo; echo ready; sleep 0.2; seq 1 20000; head -c 100000 | wc -c",
    );
    await shows("ready");
    let taken = 0;
    for (let i = 0; i < 100; i++) program.write(new Uint8Array(1_000).fill(97), () => taken++);
    expect(await exited).toEqual({ code: 0 });
    expect(taken).toBe(100);
    expect(output().toString()).toMatch(/\n20000\n100000\n$/);
  });

  it("erases a whole character of UTF-8", async () => {
    const { program, exited, output, shows } = await sh('echo go; read x; printf %s "$x" | od -An -tx1');
    await shows("go");
    program.write(new TextEncoder().encode("aé\x7fb\r"), () => undefined);
    await exited;
    expect(output().toString()).toMatch(/ 61 62\r\n$/);
  });

  it("leaves no descriptor behind", async () => {
    await (
      await sh("true")
    ).exited;
    const before = readdirSync("/proc/self/fd").length;
    for (let i = 0; i < 5; i++) await (await sh("echo x")).exited;
    expect(readdirSync("/proc/self/fd").length).toBe(before);
  });

  it("takes calls in the moment in which it ends, and gives none of them to whoever has its descriptor then", async () => {
    const directory = mkdtempSync(join(tmpdir(), "moshpit-pty-"));
    const file = join(directory, "another's");
    const thrown: unknown[] = [];
    try {
      for (let i = 0; i < 5; i++) {
        const { program, exited } = await sh("stty raw -echo; cat > /dev/null & sleep 0.1; kill $!");
        // Before the event loop tells that a stream is closed its turn of immediates comes.
        let turns = setImmediate(function turn() {
          const others = Array.from({ length: 32 }, () => openSync(file, "a"));
          try {
            program.write(Uint8Array.of(120), () => undefined);
            program.resize(81, 25);
          } catch (error) {
            thrown.push(error);
          }
          others.forEach(closeSync);
          turns = setImmediate(turn);
        });
        await exited.finally(() => clearImmediate(turns));
      }
      expect(thrown).toEqual([]);
      expect(readFileSync(file, "utf8")).toBe("");
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it("takes calls after its end", async () => {
    const { program, exited } = await sh("true");
    await exited;
    program.resize(1, 1);
    program.pause();
    program.resume();
    program.hangUp();
    await new Promise<void>((resolve) => program.write(Uint8Array.of(1), resolve));
  });
});
