import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLIENT_PROGRAM } from "./client-program.js";
import { load, type Values } from "./load.js";
import { environmentName, type Option, type OptionValue, type Program } from "./option.js";
import { SERVER_PROGRAM } from "./server-program.js";

/** Where one key is given in one case; each source with its own value, to be told apart. */
interface Given {
  readonly environment: OptionValue | undefined;
  readonly flag: OptionValue | undefined;
  /** In a section for the host. */
  readonly host: OptionValue | undefined;
  readonly file: OptionValue | undefined;
}

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "moshpit-precedence-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe.each([CLIENT_PROGRAM, SERVER_PROGRAM])("precedence of $name", (program) => {
  const options = program.options.filter(
    (option) => option.key !== "config_absolute_path" && option.flagOnly !== true,
  );

  it("is environment, flag, file, default for each key by itself; the positional argument before all", async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(...options.map(givenFor)), fc.nat(), async (given, run) => {
        const cases = options.map((option, i) => [option, given[i]!] as const);
        const file = join(folder, `${program.name}-${run}.toml`);
        await writeFile(file, fileText(cases) + hostSectionText(program, cases));
        const loaded = await load(
          program,
          {
            argv: argvOf(cases, file),
            env: environmentOf(program, cases),
            cwd: "/work",
            home: "/home/alice",
          },
          (values) => values,
        );
        if (loaded.kind === "print") throw new Error(loaded.text);
        // Sections count for a host, and there is one only where something names it.
        const hasDestination = loaded.config.text("server_destination") !== undefined;
        for (const [option, each] of cases) {
          const order = option.positional
            ? [each.flag, each.environment, each.file]
            : [each.environment, each.flag, hasDestination ? each.host : undefined, each.file];
          const expected = order.find((value) => value !== undefined) ?? defaultOf(option);
          expect([option.key, valueOf(loaded.config, option)]).toEqual([option.key, expected]);
        }
      }),
      { numRuns: 60 },
    );
  });
});

function givenFor(option: Option): fc.Arbitrary<Given> {
  const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.option(value, { nil: undefined });
  const hasFlag = option.flag !== undefined || option.positional !== undefined;
  return fc.record({
    environment: maybe(valueFor(option)),
    flag: hasFlag ? maybe(flagValueFor(option)) : fc.constant(undefined),
    host: option.perHost ? maybe(valueFor(option)) : fc.constant(undefined),
    file: maybe(valueFor(option)),
  });
}

function flagValueFor(option: Option): fc.Arbitrary<OptionValue> {
  if (option.kind.type === "switch") return fc.constant(true);
  if (option.kind.type === "count") return fc.integer({ min: 1, max: 9 });
  return valueFor(option);
}

function valueFor(option: Option): fc.Arbitrary<OptionValue> {
  switch (option.kind.type) {
    case "integer":
    case "count":
      return fc.integer({ min: option.kind.min, max: option.kind.max });
    case "switch":
      return fc.boolean();
    case "path":
      return fc.stringMatching(/^\/[a-z]{1,8}$/);
    case "choice":
      return fc.constantFrom(...option.kind.values);
    case "text":
      return TEXTS[option.key.split(".").at(-1) ?? ""]!;
  }
}

const TEXTS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  user: fc.stringMatching(/^[a-z]{1,8}$/),
  server_destination: fc.stringMatching(/^[a-z]{1,8}@[a-z]{1,8}$/),
  host_fingerprint: fc.stringMatching(/^SHA256:[A-Za-z0-9]{42}A$/),
  directives: fc.stringMatching(/^[a-z]{1,8}=(debug|off)$/),
  ip: fc.ipV4(),
  udp_ports: fc.stringMatching(/^[1-4]\d{3}-[5-9]\d{3}$/),
  authorized_keys: fc.stringMatching(/^[a-z]{1,8}\/[a-z]{1,8}$/),
};

type Case = readonly [Option, Given];

function argvOf(cases: readonly Case[], file: string): string[] {
  const argv = [`--config-absolute-path=${file}`];
  for (const [option, { flag }] of cases) {
    if (flag === undefined) continue;
    if (option.positional !== undefined) argv.push(String(flag));
    else if (typeof flag === "boolean") argv.push(`--${option.flag?.long}`);
    else if (option.kind.type === "count")
      argv.push(...Array<string>(Number(flag)).fill(`--${option.flag?.long}`));
    else argv.push(`--${option.flag?.long}`, String(flag));
  }
  return argv;
}

function environmentOf(program: Program, cases: readonly Case[]): Record<string, string> {
  const given = cases.filter(([, { environment }]) => environment !== undefined);
  return Object.fromEntries(
    given.map(([option, { environment }]) => [environmentName(program.prefix, option), String(environment)]),
  );
}

function fileText(cases: readonly Case[]): string {
  const given = cases.filter(([, { file }]) => file !== undefined);
  return given.map(([option, { file }]) => `${option.key} = ${JSON.stringify(file)}\n`).join("");
}

/** Sections that match and do not, around the one that counts. */
function hostSectionText(program: Program, cases: readonly Case[]): string {
  if (!program.hostSections) return "";
  const given = cases.filter(([, { host }]) => host !== undefined);
  const lines = given.map(([option, { host }]) => `${option.key} = ${JSON.stringify(host)}\n`).join("");
  return `[host."10.* !*"]\nserver_port = 1\n[host."?* ::1"]\n${lines}[host."*"]\n${lines.replace(/= [1-9]\d*$/gm, "= 9")}`;
}

function defaultOf(option: Option): OptionValue | undefined {
  const { fallback, kind } = option;
  return kind.type === "path" && typeof fallback === "string"
    ? fallback.replace("~", "/home/alice")
    : fallback;
}

function valueOf(values: Values, option: Option): OptionValue | undefined {
  switch (option.kind.type) {
    case "integer":
    case "count":
      return values.number(option.key);
    case "switch":
      return values.switch(option.key);
    default:
      return values.text(option.key);
  }
}
