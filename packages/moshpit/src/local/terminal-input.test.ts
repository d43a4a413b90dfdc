import { PassThrough } from "node:stream";
import type { ReadStream } from "node:tty";
import type { TerminalGuard } from "libmoshpit-node/tty";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TERMINAL_LIMIT, TerminalInput } from "./terminal-input.js";

let terminal: PassThrough;
let did: string[];
let sent: string;
let buffered: number;
let input: TerminalInput;

const guard = {
  enter: () => void did.push("enter"),
  restore: () => void did.push("restore"),
} as unknown as TerminalGuard;

beforeEach(() => {
  terminal = new PassThrough();
  did = [];
  sent = "";
  buffered = 0;
  input = new TerminalInput(terminal as unknown as ReadStream, guard, {
    quit: () => did.push("quit"),
    interrupt: () => did.push("interrupt"),
    continued: () => did.push("continued"),
    bell: () => did.push("bell"),
  });
});

afterEach(() => {
  input.stop();
});

function attach(): void {
  input.attach({
    write: (bytes) => (sent += Buffer.from(bytes).toString()),
    end: () => did.push("end"),
    get bufferedAmount() {
      return buffered;
    },
  });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function type(text: string): Promise<void> {
  terminal.write(text);
  await turn();
}

describe("TerminalInput", () => {
  it("is raw from the start and keeps what is typed until there is a session", async () => {
    await type("ls");
    await type("\r");
    attach();
    await type("next");
    expect([sent, did]).toEqual(["ls\rnext", ["enter"]]);
  });

  it("takes Ctrl-C for itself only before there is a session", async () => {
    await type("a\x03");
    expect(did).toEqual(["enter", "interrupt"]);
    attach();
    await type("\x03");
    expect([sent, did]).toEqual(["\x03", ["enter", "interrupt"]]);
  });

  it("quits at any time", async () => {
    await type("\x1e.");
    attach();
    await type("x\x1e");
    await type(".");
    expect([sent, did]).toEqual(["x", ["enter", "quit", "quit"]]);
  });

  it("refuses with a bell what is too much, and still quits", async () => {
    attach();
    buffered = TERMINAL_LIMIT;
    await type("lost");
    await type("\x1e.");
    buffered = 0;
    await type("taken");
    expect([sent, did]).toEqual(["taken", ["enter", "bell", "quit"]]);
  });

  it("refuses endless typing before there is a session", async () => {
    const chunk = "x".repeat(65_536);
    for (let i = 0; i < 17; i++) await type(chunk);
    expect(did).toEqual(["enter", "bell"]);
    attach();
    expect(sent.length).toBe(TERMINAL_LIMIT);
  });

  it("quits when the terminal is gone", async () => {
    attach();
    terminal.end();
    await turn();
    expect(did).toEqual(["enter", "quit"]);
  });

  it("gives the terminal away and takes it back", () => {
    input.pause();
    input.resume();
    expect(did).toEqual(["enter", "restore", "enter"]);
  });

  it("hears nothing after stop, SIGCONT included", async () => {
    attach();
    input.stop();
    process.emit("SIGCONT");
    await type("more");
    expect([sent, did]).toEqual(["", ["enter", "restore"]]);
  });
});
