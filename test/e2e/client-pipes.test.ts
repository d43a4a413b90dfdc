import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tcpConnections, withDescendants } from "./harness/processes.js";
import { World } from "./harness/world.js";

let world: World;

beforeAll(async () => {
  world = await World.make();
});

afterAll(async () => {
  await world.remove();
});

describe("mp without a terminal", () => {
  it("keeps stdout and stderr apart and brings the exit status", async () => {
    const { status, stdout, stderr } = await world.mp("echo out; echo err >&2; exit 7");
    expect({ status, stdout: stdout.toString(), stderr }).toEqual({
      status: 7,
      stdout: "out\n",
      stderr: "err\n",
    });
  });

  it.each<[string, number]>([
    ["true", 0],
    ["exit 255", 255],
    ["kill -TERM $$", 143],
    ["kill -KILL $$", 137],
  ])("%s ends with %d", async (command, expected) => {
    expect(await world.mp(command)).toMatchObject({ status: expected, stderr: "" });
  });

  it("gives no terminal", async () => {
    const { stdout } = await world.mp("tty; test -t 0 || test -t 1 || test -t 2 || echo none");
    expect(stdout.toString()).toBe("not a tty\nnone\n");
  });

  it("gives a terminal with --tty", async () => {
    const { stdout, status } = await world.mp("tty; stty size", { args: ["--tty"] });
    expect(stdout.toString()).toMatch(/^\/dev\/pts\/\d+\r\n24 80\r\n$/);
    expect(status).toBe(0);
  });

  it("joins the words of a command as ssh does", async () => {
    const { stdout } = await world.mp("echo 'a  b' \"$((1 + 2))\" | tr a-z A-Z");
    expect(stdout.toString()).toBe("A  B 3\n");
  });

  it("runs a login shell on what stands in standard input", async () => {
    const { stdout, status } = await world.mp(undefined, { input: Buffer.from("echo $((6*7))\nexit 5\n") });
    expect(stdout.toString()).toContain("42\n");
    expect(status).toBe(5);
  });

  it("passes the end of input on", async () => {
    const { stdout, status } = await world.mp("cat; echo end", { input: Buffer.from("line without end") });
    expect(stdout.toString()).toBe("line without endend\n");
    expect(status).toBe(0);
  });

  it("ends with the program although its own input goes on", async () => {
    const { finished, child } = world.startMp("head -c 3", { input: "open" });
    child.stdin?.write("abcdef");
    expect((await finished).stdout.toString()).toBe("abc");
  });

  it("brings every octet there and back", async () => {
    const every = Buffer.from(Array.from({ length: 65_536 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
    expect((await world.mp("cat", { input: every })).stdout.equals(every)).toBe(true);
  });

  it("brings 5 MB out and 5 MB in, byte-exact", async () => {
    const sent = randomBytes(5_000_000);
    const { stdout, status } = await world.mp("cat", { input: sent });
    expect(stdout.length).toBe(sent.length);
    expect(stdout.equals(sent)).toBe(true);
    expect(status).toBe(0);
  });

  it("brings both outputs in full when the program ends at once", async () => {
    const { stdout, stderr } = await world.mp("head -c 300000 /dev/zero; head -c 200000 /dev/zero >&2");
    expect([stdout.length, stderr.length]).toEqual([300_000, 200_000]);
  });

  it("holds the program back when nobody takes its output, and can be ended then", async () => {
    const { child, finished } = world.startMp("yes");
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    child.stdout?.pause();
    const written = (): readonly number[] => withDescendants(world.serverPid).map(octetsWritten);
    let before: readonly number[] = [];
    await expect
      .poll(
        () => {
          const last = before;
          before = written();
          return before.join() === last.join();
        },
        { timeout: 30_000, interval: 700 },
      )
      .toBe(true);
    expect(residentKiB(child.pid ?? 0)).toBeLessThan(160 * 1_024);
    child.kill("SIGTERM");
    child.stdout?.resume();
    expect((await finished).status).toBe(143);
  });

  it("forwards the locale and nothing else", async () => {
    const env = { LANG: "C.UTF-8", LC_TIME: "C", COLORTERM: "truecolor", SECRET_OF_MINE: "no" };
    const { stdout } = await world.mp("env", { env });
    const variables = stdout.toString().split("\n");
    expect(variables).toEqual(expect.arrayContaining(["LANG=C.UTF-8", "LC_TIME=C", "COLORTERM=truecolor"]));
    expect(stdout.toString()).not.toContain("SECRET_OF_MINE");
  });

  it("leaves no TCP connection on either side once the session runs", async () => {
    const { child, finished } = world.startMp("echo ready; cat", { input: "open" });
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    const pids = [child.pid ?? 0, ...withDescendants(world.serverPid)];
    // The server sees the end of the client's half when it comes.
    await expect.poll(() => pids.map(tcpConnections), { timeout: 10_000 }).toEqual(pids.map(() => []));
    child.stdin?.end();
    expect((await finished).status).toBe(0);
  });

  it("answers SIGTERM by ending the session and itself", async () => {
    const { child, finished } = world.startMp("echo $$; exec sleep 1000");
    const remote = Number(await new Promise((resolve) => child.stdout?.once("data", resolve)));
    child.kill("SIGTERM");
    expect(await finished).toMatchObject({ status: 143, stderr: "" });
    await expect
      .poll(() => withDescendants(world.serverPid).includes(remote), { timeout: 10_000 })
      .toBe(false);
  });

  it("ends quietly when nobody reads its output any more", async () => {
    const { child, finished } = world.startMp("yes");
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    child.stdout?.destroy();
    expect(await finished).toMatchObject({ status: 141, stderr: "" });
  });
});

function residentKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

function octetsWritten(pid: number): number {
  return Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
}
