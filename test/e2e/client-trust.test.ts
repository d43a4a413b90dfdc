import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  fingerprint,
  generateIdentity,
  randomart,
  writeKeyPair,
} from "../../packages/libmoshpit-node/src/keys/index.js";
import { World } from "./harness/world.js";

let world: World;

describe("an unknown server", () => {
  beforeEach(async () => {
    world = await World.make({ known: false });
  });

  afterEach(async () => {
    await world.remove();
  });

  it("is refused without a terminal, and nothing is sent to it", async () => {
    const { status, stderr, stdout } = await world.mp("true");
    expect(status).toBe(255);
    expect(stdout.toString()).toBe("");
    expect(stderr).toMatch(/^mp: .* is not known yet \(SHA256:\S+\) and there is no terminal to ask: .*\n$/);
    expect(stderr).toContain(fingerprint(world.hostKey.publicKey));
    expect(existsSync(world.path("known_hosts"))).toBe(false);
    expect(world.serverLog).not.toContain(fingerprint(world.client.publicKey));
  });

  it("is trusted and remembered with --accept-new-host-key", async () => {
    expect(await world.mp("exit 3", { args: ["--accept-new-host-key"] })).toMatchObject({
      status: 3,
      stderr: "",
    });
    expect(await world.mp("exit 4")).toMatchObject({ status: 4, stderr: "" });
  });

  it("is trusted and remembered with its fingerprint, and refused with another", async () => {
    const wrong = fingerprint(generateIdentity().publicKey);
    const refused = await world.mp("true", { args: ["--host-fingerprint", wrong] });
    expect(refused.status).toBe(255);
    expect(refused.stderr).toContain(`not ${wrong} as --host-fingerprint demands`);
    const right = fingerprint(world.hostKey.publicKey);
    expect(await world.mp("exit 5", { args: ["--host-fingerprint", right] })).toMatchObject({
      status: 5,
      stderr: "",
    });
    expect(await world.mp("exit 6")).toMatchObject({ status: 6, stderr: "" });
  });

  it("is shown with fingerprint and picture in a terminal, and remembered after yes", async () => {
    const terminal = world.mpTerminal("read line; echo got $line");
    await terminal.shows(/\(yes\/no\/fingerprint\)\? $/);
    expect(terminal.shown).toContain(fingerprint(world.hostKey.publicKey));
    expect(terminal.shown.replaceAll("\r", "")).toContain(randomart(world.hostKey.publicKey));
    terminal.type("maybe\r");
    await terminal.shows(/Please type yes, no or the fingerprint: $/);
    terminal.type("yes\r");
    await world.logs(/the client is at/);
    terminal.type("later\r");
    await terminal.shows(/got later/);
    expect(await terminal.exited).toBe(0);
    expect(await world.mp("exit 7")).toMatchObject({ status: 7, stderr: "" });
  });

  it("is trusted after its fingerprint was typed", async () => {
    const terminal = world.mpTerminal("echo in");
    await terminal.shows(/\? $/);
    terminal.type(`${fingerprint(generateIdentity().publicKey)}\r`);
    await terminal.shows(/another fingerprint[^]*: $/);
    terminal.type(`${fingerprint(world.hostKey.publicKey)}\r`);
    expect(await terminal.exited, terminal.shown).toBe(0);
    expect(terminal.shown).toMatch(/\nin\r\n/);
  });

  it.each([
    ["no", "no\r", 255],
    ["Ctrl-C", "\x03", 130],
  ])("is refused after %s", async (_name, answer, status) => {
    const terminal = world.mpTerminal("true");
    await terminal.shows(/\? $/);
    terminal.type(answer);
    expect(await terminal.exited).toBe(status);
    expect(existsSync(world.path("known_hosts"))).toBe(false);
  });
});

describe("a server whose key has changed", () => {
  beforeEach(async () => {
    world = await World.make({ known: false });
    await world.know(world.ip, generateIdentity().publicKey);
  });

  afterEach(async () => {
    await world.remove();
  });

  it.each([[[]], [["--accept-new-host-key"]]])(
    "is refused, also with %j, and the line is named",
    async (args) => {
      const known = world.knownHosts;
      const { status, stderr } = await world.mp("true", { args });
      expect(status).toBe(255);
      expect(stderr).toContain("HAS CHANGED");
      expect(stderr).toContain(`${world.path("known_hosts")}:1 knows SHA256:`);
      expect(stderr).toContain(fingerprint(world.hostKey.publicKey));
      expect(stderr).toContain(`sed -i 1d ${world.path("known_hosts")}`);
      expect(world.knownHosts).toBe(known);
    },
  );

  it("is refused in a terminal without a question", async () => {
    const terminal = world.mpTerminal("true");
    expect(await terminal.exited).toBe(255);
    expect(terminal.shown).toContain("HAS CHANGED");
    expect(terminal.shown).not.toContain("yes/no");
  });
});

describe("the person's key", () => {
  beforeAll(async () => {
    world = await World.make();
  });

  afterAll(async () => {
    await world.remove();
  });

  it("that is not authorized is refused in one line", async () => {
    await writeKeyPair(world.path("other"), { identity: generateIdentity(), comment: "other" });
    const { status, stderr } = await world.mp("true", { args: ["-p", world.path("other")] });
    expect(status).toBe(255);
    expect(stderr).toMatch(/^mp: \S+: not authorized: [^\n]*authorized_keys[^\n]*\n$/);
  });

  it("of nobody: an unknown user hears the same", async () => {
    const { status, stderr } = await world.mp("true", { args: [`nobody-here@${world.ip}`] });
    expect(status).toBe(255);
    expect(stderr).toMatch(/^mp: nobody-here@\S+: not authorized: [^\n]*\n$/);
  });

  it("that is missing is made with mp-keygen", async () => {
    const { status, stderr } = await world.mp("true", { args: ["-p", world.path("missing")] });
    expect(status).toBe(255);
    expect(stderr).toBe(
      `mp: ${world.path("missing")} does not exist: make a key with mp-keygen generate -o ${world.path("missing")}\n`,
    );
  });

  it("that others can read is not used", async () => {
    await writeKeyPair(world.path("open"), { identity: world.client, comment: "open", force: true });
    chmodSync(world.path("open"), 0o644);
    const { status, stderr } = await world.mp("true", { args: ["-p", world.path("open")] });
    expect(status).toBe(255);
    expect(stderr).toBe(
      `mp: ${world.path("open")} is mode 0644, must be 0600: chmod 600 ${world.path("open")}\n`,
    );
  });

  it("that is none is not used", async () => {
    writeFileSync(world.path("none"), "nothing\n", { mode: 0o600 });
    const { status, stderr } = await world.mp("true", { args: ["-p", world.path("none")] });
    expect(status).toBe(255);
    expect(stderr).toContain("is no moshpit private key");
  });

  describe("under a passphrase", () => {
    beforeAll(async () => {
      const cost = { memoryKib: 1_024, passes: 1, lanes: 1 };
      await writeKeyPair(world.path("locked"), {
        identity: world.client,
        comment: "",
        passphrase: "ñ sesame",
        cost,
      });
    });

    it("is asked for in the terminal, not shown, and may be mistyped", async () => {
      const terminal = world.mpTerminal("echo in; exit 8", { args: ["-p", world.path("locked")] });
      await terminal.shows(/Passphrase for \S+: $/);
      terminal.type("wrong\r");
      await terminal.shows(/wrong passphrase, try again[^]*Passphrase for \S+: $/);
      expect(terminal.shown).not.toMatch(/wrong\r\n.*wrong passphrase/);
      terminal.type("ñ sesame\r");
      expect(await terminal.exited, terminal.shown).toBe(8);
      expect(terminal.shown).toMatch(/^in\r\n/m);
      expect(terminal.shown).not.toContain("sesame");
    });

    it("is given up after three wrong answers", async () => {
      const terminal = world.mpTerminal("true", { args: ["-p", world.path("locked")] });
      for (let i = 0; i < 3; i++) {
        await terminal.shows(/Passphrase for \S+: $/);
        terminal.type("wrong\r");
      }
      expect(await terminal.exited).toBe(255);
    });

    it("can not be asked for without a terminal", async () => {
      const { status, stderr } = await world.mp("true", { args: ["-p", world.path("locked")] });
      expect(status).toBe(255);
      expect(stderr).toMatch(
        /^mp: \S+ is under a passphrase and there is no terminal to ask for it: [^\n]*\n$/,
      );
    });
  });
});
