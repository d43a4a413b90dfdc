import { describe, expect, it } from "vitest";
import { COMMANDS, GLOBAL_OPTIONS, keygenHelp, type CommandName } from "./program.js";

// The surface of moshpit 0.2.0's mp-keygen, as its README documents it. Nothing of it may go missing or change its name.

const REFERENCE: Readonly<Partial<Record<CommandName, readonly (readonly [string, string | undefined])[]>>> =
  {
    generate: [],
    fingerprint: [],
    verify: [["randomart", undefined]],
  };

// And what this project added, which users have come to rely on.
const ADDED: typeof REFERENCE = {
  generate: [
    ["no-passphrase", "n"],
    ["passphrase-stdin", undefined],
    ["output-path", "o"],
    ["force", "f"],
    ["server", undefined],
    ["comment", "C"],
  ],
  passwd: [
    ["no-passphrase", "n"],
    ["passphrase-stdin", undefined],
  ],
  import: [
    ["no-passphrase", "n"],
    ["passphrase-stdin", undefined],
    ["output-path", "o"],
    ["force", "f"],
    ["server", undefined],
    ["comment", "C"],
  ],
  export: [],
};

describe("the surface of mp-keygen", () => {
  it.each([
    ["verbose", "v"],
    ["quiet", "q"],
  ])("has --%s, -%s for every command", (long, short) => {
    expect(GLOBAL_OPTIONS.map(({ flag }) => flag)).toContainEqual({ long, short });
  });

  it.each([...Object.entries(REFERENCE), ...Object.entries(ADDED)])("has the command %s", (name, flags) => {
    const command = COMMANDS[name as CommandName];
    for (const [long, short] of flags) {
      const option = command.options.find((each) => each.flag?.long === long);
      expect([long, option?.flag?.short]).toEqual([long, short]);
      expect(keygenHelp(name as CommandName)).toContain(`--${long}`);
    }
    expect(keygenHelp(undefined)).toContain(`  ${name} `);
  });
});
