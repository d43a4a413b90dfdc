import { Parser } from "yargs/helpers";
import type { Option } from "./option.js";

/** One option as it stood on the command line. */
export interface GivenFlag {
  /** `--server-port`, for messages. */
  readonly name: string;
  /** The value's text, or how often the flag stood there. */
  readonly value: string | number;
}

/** A command line, sorted by the options of a schema; nothing is judged beyond its shape. */
export interface CommandLine {
  /** By key. */
  readonly given: ReadonlyMap<string, GivenFlag>;
  readonly positionals: readonly string[];
  /** What follows `--`; absent without one. */
  readonly rest: readonly string[] | undefined;
  readonly help: boolean;
  readonly version: boolean;
  /** What is wrong, the first of it. */
  readonly problem: string | undefined;
}

const HELP_AND_VERSION = { boolean: ["help", "version"], alias: { help: ["h"], version: ["V"] } };

/** Parses what follows the program's name. Short flags may be bundled, the last of them with its value (`-vvs40404`). */
export function parseCommandLine(options: readonly Option[], argv: readonly string[]): CommandLine {
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  const flagged = options.filter((option) => option.flag !== undefined);
  const named = (test: (option: Option) => boolean): string[] => flagged.filter(test).map(longName);
  const parsed = Parser.detailed(
    own.flatMap((word) => unbundled(flagged, word)),
    {
      string: named(takesValue),
      boolean: [...named((option) => option.kind.type === "switch"), ...HELP_AND_VERSION.boolean],
      count: named((option) => option.kind.type === "count"),
      alias: {
        ...Object.fromEntries(flagged.map((option) => [longName(option), shortNames(option)])),
        ...HELP_AND_VERSION.alias,
      },
      configuration: PARSER_CONFIGURATION,
    },
  );
  const values: Record<string, unknown> = parsed.argv;
  const positionals = parsed.argv._.map(String);
  const given = new Map<string, GivenFlag>();
  for (const option of flagged) {
    const value = givenValue(values[longName(option)]);
    if (value !== undefined) given.set(option.key, { name: `--${longName(option)}`, value });
  }
  const valued = flagged.find(
    (each) => !takesValue(each) && own.some((word) => word.startsWith(`--${longName(each)}=`)),
  );
  const unknown = positionals.find((word) => word.startsWith("-") && word !== "-");
  const empty = flagged.find((option) => given.get(option.key)?.value === "");
  return {
    given,
    positionals: positionals.filter((word) => !word.startsWith("-") || word === "-"),
    rest: end < 0 ? undefined : argv.slice(end + 1),
    help: values["help"] === true,
    version: values["version"] === true,
    problem:
      unknown !== undefined
        ? `unknown option ${unknown}`
        : valued !== undefined
          ? `--${longName(valued)} takes no value`
          : empty !== undefined
            ? `--${longName(empty)} needs a value`
            : parsed.error?.message,
  };
}

/** Only what a schema says: no guessing of numbers, negations, nested objects or lists. */
const PARSER_CONFIGURATION = {
  "boolean-negation": false,
  "camel-case-expansion": false,
  "dot-notation": false,
  "duplicate-arguments-array": false,
  "greedy-arrays": false,
  "parse-numbers": false,
  "parse-positional-numbers": false,
  "unknown-options-as-args": true,
};

function longName(option: Option): string {
  return option.flag?.long ?? "";
}

function shortNames(option: Option): string[] {
  return option.flag?.short === undefined ? [] : [option.flag.short];
}

function takesValue(option: Option): boolean {
  return option.kind.type !== "switch" && option.kind.type !== "count";
}

/** `-vpkey` becomes `-v`, `--private-key-path=key`; a bundle with an unknown letter stays, to be complained about. */
function unbundled(options: readonly Option[], word: string): string[] {
  if (!/^-[^-]./.test(word)) return [word];
  const words: string[] = [];
  for (let at = 1; at < word.length; at++) {
    const letter = word.charAt(at);
    const option = options.find((each) => each.flag?.short === letter);
    if (option !== undefined && takesValue(option)) {
      const value = word.slice(at + 1).replace(/^=/, "");
      return [...words, value === "" ? `-${letter}` : `--${longName(option)}=${value}`];
    }
    if (option === undefined && letter !== "h" && letter !== "V") return [word];
    words.push(`-${letter}`);
  }
  return words;
}

function givenValue(value: unknown): string | number | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number") return value > 0 ? value : undefined;
  return value === true ? 1 : undefined;
}
