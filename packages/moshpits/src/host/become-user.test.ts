import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** As root, another process becomes nobody; what it starts with and what it then says of itself. */
describe.skipIf(process.getuid?.() !== 0)("a process of root's (skipped for anybody else)", () => {
  const source = fileURLToPath(new URL("./become-user.ts", import.meta.url));
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "moshpit-become-"));
    const { code } = await transform(readFileSync(source, "utf8"), { loader: "ts" });
    writeFileSync(join(folder, "become-user.mjs"), code);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const become = (before: string, after = "", prefix: readonly string[] = []): unknown => {
    const script = `
      import { becomeUser, cannotGoBack, inheritsCapabilities } from ${JSON.stringify(join(folder, "become-user.mjs"))};
      const user = { user: "nobody", uid: 65534, gid: 65534 };
      ${before}
      const granted = becomeUser(user);
      ${after}
      console.log(JSON.stringify({
        granted, groups: process.getgroups(), safe: cannotGoBack(user, granted), inherits: inheritsCapabilities(),
      }));`;
    const [file = "", ...args] = [...prefix, process.execPath, "--input-type=module", "-e", script];
    return JSON.parse(execFileSync(file, args, { stdio: "pipe" }).toString());
  };

  it("keeps none of root's groups", () => {
    expect(become("process.setgroups([0, 4, 27]);")).toEqual({
      granted: [65_534],
      groups: [65_534],
      safe: true,
      inherits: false,
    });
  });

  it("may have root's group where the group database grants it", () => {
    // A group database of its own is more than a test can have; initgroups' other argument is granted like it.
    expect(
      become("process.initgroups = ((real) => (name) => real.call(process, name, 0))(process.initgroups);"),
    ).toEqual({
      granted: [0, 65_534],
      groups: [0, 65_534],
      safe: true,
      inherits: false,
    });
  });

  it("is seen where root's groups come back, or stay", () => {
    const script = "process.initgroups = () => undefined; process.setgroups = () => undefined; ";
    const kept = "const real = process.setgroups.bind(process); real([0, 4]);";
    expect(() => become(`${kept} ${script}`)).toThrow("groups could not be given up");
    expect(become("process.setuid = () => undefined;", "process.setgroups([0, 65534]);")).toMatchObject({
      safe: false,
    });
  });

  it("is seen to keep an inheritable capability", () => {
    expect(become("", "", ["setpriv", "--inh-caps=+chown"])).toMatchObject({ safe: false, inherits: true });
  });
});
