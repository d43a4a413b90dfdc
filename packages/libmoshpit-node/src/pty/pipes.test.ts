import { createHash, randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { openPipes, openPty, type ProgramExit, type RunningProgram } from "./index.js";

interface Run {
  readonly program: RunningProgram;
  readonly output: () => Buffer;
  readonly errors: () => Buffer;
  readonly exited: Promise<ProgramExit>;
  readonly ends: boolean[];
}

async function sh(command: string, onData: (bytes: Uint8Array) => void = () => undefined): Promise<Run> {
  const chunks: [Uint8Array[], Uint8Array[]] = [[], []];
  const ends: boolean[] = [];
  let exit: (status: ProgramExit) => void;
  const exited = new Promise<ProgramExit>((resolve) => (exit = resolve));
  const program = await openPipes(
    { file: "/bin/sh", args: ["-c", command], env: { PATH: "/usr/bin:/bin" }, cwd: "/" },
    {
      data: (bytes, standardError) => {
        chunks[standardError ? 1 : 0].push(bytes);
        onData(bytes);
      },
      end: (standardError) => ends.push(standardError),
      exit: (status) => exit(status),
    },
  );
  return {
    program,
    output: () => Buffer.concat(chunks[0]),
    errors: () => Buffer.concat(chunks[1]),
    exited,
    ends,
  };
}

describe("a program on pipes", () => {
  it("gets nothing of the terminals that are open beside it", async () => {
    const terminal = await openPty(
      { file: "/bin/sleep", args: ["60"], env: {}, cwd: "/", term: "xterm", columns: 80, rows: 24 },
      { data: () => undefined, end: () => undefined, exit: () => undefined },
    );
    const { exited, output } = await sh("readlink /proc/self/fd/*");
    await exited;
    terminal.hangUp();
    expect(output().toString()).not.toMatch(/ptmx|pts/);
  });

  it("has output and error apart, and both end", async () => {
    const { exited, output, errors, ends } = await sh("echo out; echo err >&2");
    expect(await exited).toEqual({ code: 0 });
    expect(output().toString()).toBe("out\n");
    expect(errors().toString()).toBe("err\n");
    expect(ends.sort()).toEqual([false, true]);
  });

  it.each([
    ["exit 0", { code: 0 }],
    ["exit 7", { code: 7 }],
    ["kill -TERM $$", { signal: 15 }],
  ])("%s is reported as %j", async (command, status) => {
    expect(await (await sh(command)).exited).toEqual(status);
  });

  it("can open its streams by name", async () => {
    const { program, exited, output, errors } = await sh(
      "cat /dev/stdin >/dev/stdout; echo err >/dev/stderr",
    );
    program.write(Buffer.from("through"), () => undefined);
    program.endInput();
    expect(await exited).toEqual({ code: 0 });
    expect(output().toString()).toBe("through");
    expect(errors().toString()).toBe("err\n");
  });

  it("passes 5 MB of any octets both ways, and the end of the input", async () => {
    const { program, exited, output } = await sh("cat");
    const octets = randomBytes(5 << 20);
    for (let at = 0; at < octets.length; at += 10_000) {
      await new Promise<void>((resolve) => program.write(octets.subarray(at, at + 10_000), resolve));
    }
    program.endInput();
    expect(await exited).toEqual({ code: 0 });
    expect(createHash("sha256").update(output()).digest()).toEqual(
      createHash("sha256").update(octets).digest(),
    );
  });

  it("does not take input that the program does not read", async () => {
    const { program, exited } = await sh("sleep 60");
    let taken = 0;
    for (let i = 0; i < 64; i++) program.write(new Uint8Array(65_536), () => taken++);
    await wait(100);
    expect(taken).toBeLessThan(16);
    program.hangUp();
    expect(await exited).toEqual({ signal: 1 });
  });

  it("takes input into the void when the program has closed its own", async () => {
    const { program, exited } = await sh("exec <&-; sleep 0.2");
    await wait(50);
    for (let i = 0; i < 10; i++)
      await new Promise<void>((resolve) => program.write(new Uint8Array(65_536), resolve));
    expect(await exited).toEqual({ code: 0 });
  });

  it("waits while paused, and loses nothing that was written before the exit", async () => {
    let seen = 0;
    const { program, exited, output } = await sh(
      "head -c 2000000 /dev/zero",
      (bytes) => (seen += bytes.length),
    );
    program.pause();
    await wait(150);
    expect(seen).toBeLessThan(1_000_000);
    program.resume();
    expect(await exited).toEqual({ code: 0 });
    expect(output().length).toBe(2_000_000);
  });

  it("hangs up the whole group, and kills what ignores it", async () => {
    const one = await sh("sleep 60 & sleep 60");
    one.program.hangUp();
    expect(await one.exited).toEqual({ signal: 1 });
    const two = await sh("trap '' HUP; echo ready; while :; do sleep 0.05; done");
    while (two.output().length === 0) await wait(10);
    two.program.hangUp(100);
    expect(await two.exited).toEqual({ signal: 9 });
  });

  it("is in a session of its own, with no terminal and three pipes", async () => {
    const { exited, output } = await sh(
      "ps -o sid= -p $$ | tr -d ' '; echo $$; readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2 | grep -c ^pipe:; tty",
    );
    await exited;
    const [session, self, pipes, tty] = output().toString().split("\n");
    expect(session).toBe(self);
    expect(pipes).toBe("3");
    expect(tty).toBe("not a tty");
  });

  it("fails to start what is not there", async () => {
    const handlers = { data: () => undefined, end: () => undefined, exit: () => undefined };
    const missing = { file: "/nonexistent", args: [], env: {}, cwd: "/" };
    await expect(openPipes(missing, handlers)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
