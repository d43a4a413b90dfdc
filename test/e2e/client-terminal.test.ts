import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isAlive, withDescendants } from "./harness/processes.js";
import { PROGRAMS } from "./harness/programs.js";
import { OuterTerminal } from "./harness/terminal.js";
import { World } from "./harness/world.js";

let world: World;

beforeAll(async () => {
  world = await World.make();
});

afterAll(async () => {
  await world.remove();
});

const hasVim = existsSync("/usr/bin/vim");
const ESCAPE = "\x1e";

describe("mp in a terminal", () => {
  it("gives a shell with line editing, in a terminal of the same type and size", async () => {
    const shell = await world.remoteShell({ columns: 93, rows: 31 });
    await shell.command("stty size; echo $TERM", /^31 93\r\nxterm-256color\r\nin\$ $/m);
    // Left, left, a letter; home; end; kill a word; history.
    await shell.command("echo ac\x1b[D\x1b[D\x06b\x01\x05 x\x17y", /^abc y\r\nin\$ $/m);
    await shell.command("\x1b[A", /^abc y\r\nin\$ $/m);
    shell.type("exit 3\r");
    expect(await shell.exited).toBe(3);
  });

  it("gives a command a terminal, too", async () => {
    const terminal = world.mpTerminal("tty; exit 4");
    await terminal.shows(/\/dev\/pts\/\d+\r\n/);
    expect(await terminal.exited).toBe(4);
  });

  it("shows UTF-8 and wide characters as they are, and takes them", async () => {
    const shell = await world.remoteShell();
    await shell.command("echo 'Größe 漢字 ☃ 👩‍🚀 e\u0301'", /^Größe 漢字 ☃ 👩‍🚀 e\u0301\r\nin\$ $/m);
    shell.type("exit\r");
    await shell.exited;
  });

  it("passes control characters and does not translate output", async () => {
    const shell = await world.remoteShell();
    shell.type("stty raw -echo; printf 'a\\nb'; od -An -tx1 -N8; stty sane\r");
    await shell.shows(/a\nb$/);
    shell.type("\x00\x03\x04\x11\x13\x1a\x7f\r");
    await shell.shows(/00 03 04 11 13 1a 7f 0d/);
    shell.type("\rexit\r");
    await shell.exited;
  });

  it("interrupts a flood", async () => {
    const shell = await world.remoteShell();
    shell.type("yes\r");
    await shell.shows(/(y\r\n){1000}/);
    shell.type("\x03");
    await shell.shows(/\^C\r\nin\$ $/);
    shell.type("exit 0\r");
    expect(await shell.exited).toBe(0);
  });

  it("follows a change of size", async () => {
    const shell = await world.remoteShell();
    await shell.command("trap 'echo now $(stty size)' WINCH", /in\$ $/);
    shell.resize(101, 33);
    // bash runs a trap when the next line is read.
    await expect
      .poll(async () => (await shell.command("stty size", /\d+ \d+\r\n/))[0], { timeout: 10_000 })
      .toBe("33 101\r\n");
    shell.type("exit\r");
    await shell.exited;
  });

  it.skipIf(!hasVim)("edits in vim, and vim follows a change of size", async () => {
    const file = world.path("edited.txt");
    const vim = world.mpTerminal(`exec vim -u NONE -N ${file}`);
    await vim.shows(/edited\.txt/);
    vim.type("ihello 漢字\x1b");
    await vim.shows(/漢字/);
    vim.forget();
    vim.resize(120, 40);
    // Only on a screen that has it is anything drawn in the last line.
    await vim.shows(/\x1b\[40;\d+H/);
    vim.type(":call append(1, &lines . 'x' . &columns)\r");
    await vim.shows(/40x120/);
    vim.type(":wq\r");
    expect(await vim.exited).toBe(0);
    expect(readFileSync(file, "utf8")).toBe("hello 漢字\n40x120\n");
  });

  it("keeps what is typed while it connects", async () => {
    const terminal = world.mpTerminal("cat");
    terminal.type("early\r");
    await terminal.shows(/early\r\nearly\r\n/);
    terminal.type("\x04");
    expect(await terminal.exited).toBe(0);
  });
});

describe("the escape key", () => {
  it("quits with a period, and the terminal is as before", async () => {
    const { outer, before } = await world.nestedShell();
    outer.type(`${ESCAPE}.`);
    await outer.shows(/mp: quit\r\nouter\$ $/);
    await outer.command("echo status $?", /^status 255\r\nouter\$ $/m);
    expect(await outer.modes()).toBe(before);
  });

  it("ends the remote program when the person quits", async () => {
    const shell = await world.remoteShell();
    const [, pid] = await shell.command("echo $$", /^(\d+)\r\nin\$ $/m);
    shell.type(`${ESCAPE}.`);
    expect(await shell.exited).toBe(255);
    await expect.poll(() => isAlive(Number(pid)), { timeout: 10_000 }).toBe(false);
  });

  it("is sent by a caret or by itself, and goes along with other keys", async () => {
    const shell = await world.remoteShell();
    shell.type("stty raw -echo; printf rea''dy; od -An -tx1 -N5; stty sane\r");
    await shell.shows(/ready$/);
    shell.type(`${ESCAPE}^a${ESCAPE}${ESCAPE}${ESCAPE}x`);
    await shell.shows(/1e 61 1e 1e 78/);
    shell.type(`\r${ESCAPE}.`);
    await shell.exited;
  });

  it("suspends with Ctrl-Z: the terminal is as before, and fg goes on", async () => {
    const { outer, before } = await world.nestedShell();
    outer.type(`${ESCAPE}\x1a`);
    await outer.shows(/Stopped[^]*outer\$ $/);
    expect(await outer.modes()).toBe(before);
    outer.type("fg\r");
    await outer.shows(/fg\r\n/);
    // The shell's line editing leaves this one alone.
    await expect.poll(async () => (await modesOfRaw(outer)).includes("-opost")).toBe(true);
    await outer.command("echo a''gain", /^again\r\n[^]*in\$ $/m);
    outer.type("exit 0\r");
    await outer.shows(/outer\$ $/);
    await outer.command("echo status $?", /^status 0\r\nouter\$ $/m);
    expect(await outer.modes()).toBe(before);
  });

  it.each(["SIGSTOP", "SIGKILL"] as const)("quits although the server got %s", async (signal) => {
    const dead = await World.make();
    try {
      const shell = await dead.remoteShell();
      const pids = withDescendants(dead.serverPid);
      for (const pid of pids) process.kill(pid, signal);
      shell.type("typed into the void");
      const start = performance.now();
      shell.type(`${ESCAPE}.`);
      expect(await shell.exited).toBe(255);
      expect(performance.now() - start).toBeLessThan(2_000);
      expect(shell.shown).toMatch(/mp: quit/);
    } finally {
      await dead.remove();
    }
  });
});

describe("the terminal is as before", () => {
  const MESS = "printf '\\033[?1049h\\033[?1000;1006h\\033[?25l\\033[?2004h\\033=\\033[31m'";
  const UNDONE = /\x1b\[\?1049l\x1b\[\?1000l\x1b\[\?1006l\x1b\[\?25h\x1b\[\?2004l\x1b>.*\x1b\[0m/;

  it("after an exit in the middle of a full-screen program", async () => {
    const { outer, before } = await world.nestedShell();
    outer.type(`${MESS}; exit 6\r`);
    await outer.shows(/outer\$ $/);
    expect(outer.shown).toMatch(UNDONE);
    await outer.command("echo status $?", /^status 6\r\nouter\$ $/m);
    expect(await outer.modes()).toBe(before);
  });

  it.each<[NodeJS.Signals, number]>([
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129],
  ])("after %s", async (signal, status) => {
    const { outer, before } = await world.nestedShell();
    await outer.command(MESS, /in\$ $/);
    outer.forget();
    process.kill(mpBelow(outer), signal);
    await outer.shows(/outer\$ $/);
    expect(outer.shown).toMatch(UNDONE);
    await outer.command("echo status $?", new RegExp(`^status ${status}\\r\\nouter\\$ $`, "m"));
    expect(await outer.modes()).toBe(before);
  });

  it("after a crash of mp itself, which is one line and a status", async () => {
    const outer = world.keep(await OuterTerminal.shell());
    const before = await outer.modes();
    writeFileSync(world.path("fault.mjs"), "process.on('SIGUSR2', () => { throw new Error('a fault'); });\n");
    writeFileSync(world.path("mess.sh"), `${MESS}; cat\n`);
    const options = `NODE_OPTIONS=--import=${world.path("fault.mjs")}`;
    outer.type(`${options} ${world.mpLine([...world.arguments(), "--", `sh ${world.path("mess.sh")}`])}\r`);
    await outer.shows(/\x1b\[31m/);
    outer.forget();
    process.kill(mpBelow(outer), "SIGUSR2");
    await outer.shows(/outer\$ $/);
    expect(outer.shown).toMatch(UNDONE);
    expect(outer.shown).toContain("mp: internal error, please report it: Error: a fault");
    await outer.command("echo status $?", /^status 255\r\nouter\$ $/m);
    expect(await outer.modes()).toBe(before);
  });

  it("after the end of the server's session host", async () => {
    const { outer, before } = await world.nestedShell();
    await outer.command("echo $PPID; trap '' HUP", /^(\d+)\r\n[^]*in\$ $/m);
    const host = Number(/^(\d+)\r\n/m.exec(outer.shown)?.[1]);
    outer.forget();
    process.kill(host, "SIGTERM");
    await outer.shows(/mp: [^\r\n]+\r\nouter\$ $/);
    await outer.command("echo status $?", /^status (129|255)\r\nouter\$ $/m);
    expect(await outer.modes()).toBe(before);
  });
});

function mpBelow(outer: OuterTerminal): number {
  const found = withDescendants(outer.pid).find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(PROGRAMS.mp),
  );
  if (found === undefined) throw new Error("no mp below the terminal");
  return found;
}

/** Of the outer terminal itself, while `mp` has it. */
function modesOfRaw(outer: OuterTerminal): Promise<string> {
  const terminal = `/proc/${outer.pid}/fd/0`;
  return Promise.resolve(execFileSync("stty", ["-a", "-F", terminal], { encoding: "utf8" }));
}
