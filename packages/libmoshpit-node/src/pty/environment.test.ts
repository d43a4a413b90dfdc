import { describe, expect, it } from "vitest";
import { loginEnvironment } from "./index.js";

const ALICE = { name: "alice", uid: 1000, gid: 1000, home: "/home/alice", shell: "/bin/zsh" };

describe("loginEnvironment", () => {
  it("is that of a login", () => {
    expect(loginEnvironment(ALICE, { term: "xterm-256color", sessionName: "s1", forwarded: [] })).toEqual({
      HOME: "/home/alice",
      USER: "alice",
      LOGNAME: "alice",
      SHELL: "/bin/zsh",
      PATH: expect.stringContaining("/usr/bin") as string,
      TERM: "xterm-256color",
      MOSHPIT_SESSION: "s1",
    });
  });

  it("has no TERM without a terminal, and system directories for root alone", () => {
    const facts = { term: undefined, sessionName: "s1", forwarded: [] };
    expect(loginEnvironment(ALICE, facts)).not.toHaveProperty("TERM");
    expect(loginEnvironment(ALICE, facts)["PATH"]).not.toContain("sbin");
    expect(loginEnvironment({ ...ALICE, uid: 0 }, facts)["PATH"]).toContain("/usr/sbin");
  });

  it("takes the language and colours from the client, and nothing that changes how programs run", () => {
    const names = [
      "LANG",
      "LC_CTYPE",
      "COLORTERM",
      "LD_PRELOAD",
      "PATH",
      "HOME",
      "LANGUAGE",
      "LC_",
      "BASH_ENV",
      "IFS",
    ];
    const forwarded = names.map((name) => ({ name, value: "sent" }));
    const env = loginEnvironment(ALICE, { term: undefined, sessionName: "s1", forwarded });
    const sent = Object.keys(env).filter((name) => env[name] === "sent");
    expect(sent.sort()).toEqual(["COLORTERM", "LANG", "LC_CTYPE"]);
  });
});
