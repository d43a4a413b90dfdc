import { readFileSync, readdirSync, appendFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPrivateKeyFile } from "../../packages/libmoshpit-node/src/keys/index.js";
import { World } from "./harness/world.js";
import { run } from "./harness/programs.js";

// Everything that the logs can say, of a session in which something is typed, printed, mistyped and refused.
describe("the logs of a session, everything switched on", () => {
  let world: World;
  /** Of both programs: files, standard error. */
  let logs = "";
  let client = "";
  let server = "";

  const SPOKEN = "open-sesame-7391";
  const PRINTED = "ali-baba-5520";
  const PASSPHRASE = "forty thieves 4410";

  beforeAll(async () => {
    world = await World.make({ startServer: false });
    const layer = [
      "with_target = true",
      "with_thread_ids = true",
      "with_thread_names = true",
      "with_line_number = true",
      'directives = "trace"',
    ].join("\n");
    const tracing = `\n[tracing.file]\nverbose = 9\n[tracing.file.layer]\n${layer}\n[tracing.stdout]\n${layer}\n`;
    appendFileSync(world.path("moshpit.toml"), tracing);
    appendFileSync(world.path("moshpits.toml"), tracing);
    await world.startServer();

    const locked = world.path("locked");
    const made = await run("mp-keygen", ["generate", "--passphrase-stdin", "-o", locked], {
      input: Buffer.from(`${PASSPHRASE}\n`),
    });
    expect([made.stderr, made.status]).toEqual(["", 0]);
    const file = await readPrivateKeyFile(locked);
    if (file.kind !== "locked") throw new Error("not locked");
    world.authorize(world.client.publicKey, file.publicKey);

    const shell = await world.remoteShell({ args: ["-vvv"] });
    shell.type(`: ${SPOKEN}; printf 'ali-baba-'; echo 5520\r`);
    await shell.shows(new RegExp(PRINTED));
    shell.type("exit 3\r");
    expect(await shell.exited).toBe(3);

    const asked = world.mpTerminal("true", { args: ["-vvv", "-p", locked] });
    await asked.shows(/Passphrase for /);
    asked.type(`not ${PASSPHRASE}\r`);
    await asked.shows(/wrong passphrase/);
    asked.type(`${PASSPHRASE}\r`);
    expect(await asked.exited).toBe(0);
    expect((await run("mp-keygen", ["generate", "-n", "-o", world.path("stranger")])).status).toBe(0);
    expect((await world.mp("true", { args: ["-p", world.path("stranger")] })).status).toBe(255);

    await world.stopServer();
    client = readFileSync(world.path("moshpit.log"), "utf8");
    server = readFileSync(world.path("moshpits.log"), "utf8");
    logs = client + server + world.serverLog;
  });

  afterAll(async () => {
    await world.remove();
  });

  it("exist", () => {
    expect(readdirSync(world.directory)).toEqual(expect.arrayContaining(["moshpit.log", "moshpits.log"]));
    expect(client).toContain("opened as");
    expect(server).toMatch(/DEBUG.*process \d+ runs/);
    expect(server).toContain("rule=key-not-listed");
  });

  it("hold nothing that was typed or printed, and no passphrase", () => {
    for (const secret of [SPOKEN, PRINTED, PASSPHRASE, "exit 3"]) expect(logs).not.toContain(secret);
  });

  it("hold no octets of a private key, in any usual spelling", async () => {
    const locked = await readPrivateKeyFile(world.path("locked"));
    if (locked.kind !== "locked") throw new Error("not locked");
    const { seed } = await locked.unlock(PASSPHRASE);
    for (const secret of [world.client.seed, world.hostKey.seed, seed]) {
      const octets = Buffer.from(secret);
      const spellings = [
        octets.toString("hex"),
        octets.toString("base64").slice(0, 40),
        octets.toString("base64url").slice(0, 40),
        octets.toString("latin1"),
        octets.join(","),
        octets.join(", "),
      ];
      for (const spelling of spellings) expect(logs.toLowerCase()).not.toContain(spelling.toLowerCase());
    }
  });

  it("name the session in each of its lines, the same on both sides", () => {
    const [, id = ""] = /session=(\S+): opened as/.exec(client) ?? [];
    expect(id).not.toBe("");
    const ofSession = client.split("\n").filter((line) => line.includes(`session=${id}: `));
    expect(ofSession.at(-1)).toContain("ended: exited");
    expect(server).toMatch(new RegExp(`accepted .* session=${id} `));
    expect(server).toMatch(new RegExp(`session ${id}: the client is at`));
    expect(server).toMatch(new RegExp(`session ${id} ended: `));
  });

  it("show level, role, process and thread, target and the line of the TypeScript", () => {
    const shape = (role: string, target: string): RegExp =>
      new RegExp(
        `^\\d{4}-\\d\\d-\\d\\dT\\S+Z +(ERROR|WARN|INFO|DEBUG|TRACE) ${role} \\d+/0 ${target}: [\\w./-]+\\.ts:\\d+: `,
      );
    expect(client.split("\n")[0]).toMatch(shape("client", "moshpit"));
    const lines = server.trimEnd().split("\n");
    const hosts = lines.filter((line) => line.includes(" moshpits::host: "));
    for (const line of hosts) expect(line).toMatch(shape("host", "moshpits::host"));
    const listener = lines.filter((line) => !line.includes(" moshpits::host: "));
    for (const line of listener) expect(line).toMatch(shape("listener", "moshpits"));
    const pid = (line: string): string | undefined => / (\d+)\/0 /.exec(line)?.[1];
    expect(pid(hosts[0]!)).not.toBe(pid(listener[0]!));
    expect(hosts.map((line) => / ([\w./-]+\.ts):/.exec(line)?.[1])).toContain("host/session.ts");
  });
});
