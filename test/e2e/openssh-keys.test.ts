import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "./harness/programs.js";
import { World } from "./harness/world.js";

const hasSshKeygen = spawnSync("ssh-keygen", ["-?"]).error === undefined;

// A key made by OpenSSH: the same fingerprint and picture, and it opens a session.
describe.skipIf(!hasSshKeygen)("a key of ssh-keygen", () => {
  let world: World;

  beforeAll(async () => {
    world = await World.make();
  });

  afterAll(async () => {
    await world.remove();
  });

  it.each([
    ["open", "", []],
    ["locked", "a pass phrase", ["--passphrase-stdin"]],
  ])("that is %s imports, shows the same and authenticates", async (name, passphrase, flags) => {
    const source = world.path(`ssh_${name}`);
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-C", "alice@ssh", "-f", source]);
    const shown = execFileSync("ssh-keygen", ["-lv", "-f", `${source}.pub`], { encoding: "utf8" });
    const [first = "", ...picture] = shown.split("\n");

    const path = world.path(`id_${name}`);
    const imported = await run("mp-keygen", ["import", source, "-o", path, ...flags], {
      input: Buffer.from(`${passphrase}\n`),
    });
    expect([imported.stderr, imported.status]).toEqual(["", 0]);
    const print = await run("mp-keygen", ["fingerprint", "-v", `${path}.pub`]);
    expect(print.stdout.toString()).toBe(`${first.split(" ")[1]} alice@ssh\n${picture.join("\n")}`);
    const image = ["verify", "--randomart", picture.join("\n"), `${path}.pub`];
    expect((await run("mp-keygen", image)).status).toBe(0);

    const exported = await run("mp-keygen", ["export", path]);
    expect(exported.stdout.toString()).toBe(readFileSync(`${path}.pub`, "utf8"));
    const blob = Buffer.from(readFileSync(`${source}.pub`, "utf8").split(" ")[1] ?? "", "base64");
    const publicKey = Buffer.from(exported.stdout.toString().split(" ")[1] ?? "", "base64");
    expect(publicKey.equals(blob.subarray(-32))).toBe(true);

    world.authorize(publicKey);
    if (passphrase !== "") {
      const opened = await run("mp-keygen", ["passwd", "-n", "--passphrase-stdin", path], {
        input: Buffer.from(`${passphrase}\n`),
      });
      expect([opened.stderr, opened.status]).toEqual(["", 0]);
    }
    const session = await world.mp("echo in", { args: ["-p", path] });
    expect([session.stderr, session.stdout.toString(), session.status]).toEqual(["", "in\n", 0]);
  });

  it("of another kind is refused by its name", async () => {
    const source = world.path("ssh_ecdsa");
    execFileSync("ssh-keygen", ["-q", "-t", "ecdsa", "-N", "", "-f", source]);
    const { status, stderr } = await run("mp-keygen", ["import", source, "-o", world.path("never")]);
    expect([status, stderr]).toEqual([
      1,
      `mp-keygen: ${source} is a key of the kind ecdsa, only ed25519 can be used: make one with mp-keygen generate\n`,
    ]);
  });
});
