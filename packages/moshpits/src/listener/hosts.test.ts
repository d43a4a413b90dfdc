import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "libmoshpit-node/log";
import { forwardingLog } from "libmoshpit-node/log";
import { currentUser } from "libmoshpit-node/users";
import { RejectCode } from "libmoshpit/wire";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Hosts } from "./hosts.js";
import { OpenError } from "./host-process.js";

const keys = { aeadKey: new Uint8Array(32), aeadIv: new Uint8Array(12), macKey: new Uint8Array(64) };
const request = {
  sessionId: new Uint8Array(16).fill(1),
  attachmentId: new Uint8Array(16),
  connectionId: 1n,
  cipherSuite: 1,
  clientToServer: keys,
  serverToClient: keys,
  openRequest: new Uint8Array(0),
  firstDatagramSeconds: 30,
};
const settings = {
  udpPortFirst: 50_000,
  udpPortLast: 50_001,
  bindAddress: "127.0.0.1",
  detachedLifetimeSeconds: 60,
};

let folder: string;
let lines: string[];
let log: Log;
let hosts: Hosts | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moshpit-hosts-"));
  lines = [];
  log = forwardingLog({ target: "test", level: "trace", send: ({ message }) => lines.push(message) });
});
afterEach(() => {
  hosts?.close();
  rmSync(folder, { recursive: true });
});

/** Hosts whose program is this script; each start is noted in the file `starts`. */
function hostsOf(script: string): Hosts {
  const path = join(folder, "host.mjs");
  const head = `import { appendFileSync, readSync } from "node:fs"; appendFileSync(${JSON.stringify(join(folder, "starts"))}, "x");`;
  writeFileSync(path, `${head}\n${script}`);
  return new Hosts({ path, settings, log });
}

function starts(): number {
  const file = join(folder, "starts");
  return existsSync(file) ? readFileSync(file).length : 0;
}

/** Waits for the line that names the user, then ends. */
const AFTER_THE_LINE = "readSync(3, new Uint8Array(1)); process.exit(";

describe("Hosts", () => {
  it("tries once more where the host has left, then says why it can not", async () => {
    hosts = hostsOf(`${AFTER_THE_LINE}74);`);
    const refused = hosts.open(currentUser(), request);
    await expect(refused).rejects.toThrow(OpenError);
    await expect(refused).rejects.toMatchObject({ code: RejectCode.INTERNAL });
    await eventually(
      () => lines.filter((line) => line.includes("could have become root again")).length === 2,
    );
    expect(starts()).toBeGreaterThanOrEqual(2);
  });

  it("keeps a spare, and starts another when it was taken", async () => {
    hosts = hostsOf(`${AFTER_THE_LINE}0);`);
    await eventually(() => starts() === 1);
    await hosts.open(currentUser(), request).catch(() => undefined);
    // The spare, one for the second attempt, and the new spare.
    await eventually(() => starts() === 3);
  });

  it("does not start a spare that can not wait again and again", async () => {
    hosts = hostsOf("process.exit(1);");
    await sleep(2_500);
    expect(starts()).toBeGreaterThanOrEqual(1);
    expect(starts()).toBeLessThanOrEqual(2);
    expect(lines.join("\n")).toContain("a spare host");
  });

  it("ends the spare, without a word, when it is closed", async () => {
    const mark = join(folder, "ended");
    hosts = hostsOf(`readSync(3, new Uint8Array(1)); appendFileSync(${JSON.stringify(mark)}, "x");`);
    await eventually(() => starts() === 1);
    expect(existsSync(mark)).toBe(false);
    hosts.close();
    await eventually(() => existsSync(mark));
    expect(lines).toEqual([]);
  });
});

async function eventually(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await sleep(20);
  expect(condition()).toBe(true);
}
