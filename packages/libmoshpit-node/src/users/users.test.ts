import { describe, expect, it } from "vitest";
import { currentUser, lookupUser, LookupError, parsePasswdLine, type RunProgram } from "./index.js";

describe("parsePasswdLine", () => {
  it("takes name, ids, home and shell", () => {
    expect(parsePasswdLine("alice:x:1000:1001:Alice,,,:/home/alice:/bin/bash")).toEqual({
      name: "alice",
      uid: 1000,
      gid: 1001,
      home: "/home/alice",
      shell: "/bin/bash",
    });
  });

  it("makes an empty shell /bin/sh", () => {
    expect(parsePasswdLine("a:x:1:1::/:")?.shell).toBe("/bin/sh");
  });

  it.each([
    "",
    "alice",
    "alice:x:1000:1001::/home/alice",
    "alice:x:1000:1001::/home/alice:/bin/sh:more",
    "alice:x:-1:1001::/home/alice:/bin/sh",
    "alice:x:4294967295:1001::/home/alice:/bin/sh",
    "alice:x:1000:0x1::/home/alice:/bin/sh",
    "alice:x:1000:1001::home:/bin/sh",
    "alice:x:1000:1001::/home/alice:bin/sh",
    ":x:1000:1001::/home/alice:/bin/sh",
  ])("refuses %j", (line) => {
    expect(parsePasswdLine(line)).toBeUndefined();
  });
});

describe("lookupUser", () => {
  const answers =
    (status: number, stdout: string): RunProgram =>
    () =>
      Promise.resolve({ status, stdout });

  it("finds root in the real database", async () => {
    expect(await lookupUser("root")).toMatchObject({ name: "root", uid: 0, gid: 0 });
  });

  it("finds nobody of a name that nobody has", async () => {
    expect(await lookupUser("no-such-user-here")).toBeUndefined();
  });

  it.each(["", "Alice", "-alice", "a b", "a;id", "../x", "0", "$(id)", "a\n", "a".repeat(33), "é"])(
    "starts no program for %j",
    async (name) => {
      const run: RunProgram = () => Promise.reject(new Error("was started"));
      expect(await lookupUser(name, run)).toBeUndefined();
    },
  );

  it("puts the name after --", async () => {
    const calls: unknown[] = [];
    await lookupUser("alice", (file, args) => {
      calls.push([file, ...args]);
      return Promise.resolve({ status: 2, stdout: "" });
    });
    expect(calls).toEqual([["getent", "passwd", "--", "alice"]]);
  });

  it("takes another name's account for nobody's", async () => {
    expect(await lookupUser("alice", answers(0, "bob:x:1:1::/:/bin/sh\n"))).toBeUndefined();
  });

  it("tells a database that fails from an unknown user", async () => {
    await expect(lookupUser("alice", answers(1, ""))).rejects.toThrow(LookupError);
    await expect(lookupUser("alice", answers(0, "nonsense\n"))).rejects.toThrow(LookupError);
  });
});

describe("currentUser", () => {
  it("is who this process runs as", () => {
    expect(currentUser()).toMatchObject({ uid: process.getuid?.(), gid: process.getgid?.() });
  });
});
