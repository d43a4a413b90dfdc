import {
  environmentName,
  inEnvironment,
  inFile,
  type Option,
  type OptionValue,
  type Program,
} from "./option.js";
import { readRepetitions, readText, readToml, type PathContext, type Reading } from "./values.js";
import type { CommandLine } from "./flags.js";
import type { TomlEntry } from "./toml.js";

/** Where the value of one key came from. */
export type Source =
  | { readonly kind: "argument" }
  | { readonly kind: "environment"; readonly name: string }
  | { readonly kind: "flag"; readonly name: string }
  | { readonly kind: "file"; readonly path: string; readonly line: number }
  | { readonly kind: "default" };

/** A value and its source. */
export interface Setting {
  readonly value: OptionValue;
  readonly source: Source;
}

/** What one source has to say, by key, and what is wrong in it. */
export interface Settings {
  readonly settings: ReadonlyMap<string, Setting>;
  readonly warnings: readonly string[];
  readonly problems: readonly string[];
}

/** What mps tells the programs of a session: mp within one is not to wonder. */
const NO_SETTINGS: ReadonlySet<string> = new Set(["MOSHPIT_SESSION"]);

/** Every variable with the program's prefix; an empty one counts as not set, an unknown one is a warning. */
export function fromEnvironment(
  program: Program,
  env: Readonly<Record<string, string | undefined>>,
  paths: PathContext,
): Settings {
  const named = program.options.filter(inEnvironment);
  const options = new Map(named.map((option) => [environmentName(program.prefix, option), option]));
  const collected = new Collector();
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(program.prefix) || text === undefined || text === "") continue;
    if (NO_SETTINGS.has(name)) continue;
    const option = options.get(name);
    if (option === undefined) collected.warn(`${name} is no setting of ${program.name}: ignored`);
    else collected.take(option, readText(option, text, paths), name, { kind: "environment", name });
  }
  return collected;
}

/** The flags; the positional argument is apart (`fromArgument`). */
export function fromFlags(program: Program, line: CommandLine, paths: PathContext): Settings {
  const collected = new Collector();
  for (const option of program.options) {
    const given = line.given.get(option.key);
    if (given === undefined) continue;
    const reading =
      typeof given.value === "number"
        ? readRepetitions(option, given.value)
        : readText(option, given.value, paths);
    collected.take(option, reading, given.name, { kind: "flag", name: given.name });
  }
  return collected;
}

/** The positional argument, if the program takes one and it stood there. */
export function fromArgument(program: Program, line: CommandLine, paths: PathContext): Settings {
  const collected = new Collector();
  const option = program.options.find((each) => each.positional !== undefined);
  const [text, extra] = line.positionals;
  const surplus = option === undefined ? text : extra;
  if (surplus !== undefined) {
    const hint = program.takesCommand ? ": a remote command goes after --" : "";
    collected.wrong(`unexpected argument ${JSON.stringify(surplus)}${hint}`);
  }
  if (option !== undefined && text === "") {
    collected.wrong(`${option.positional} is empty: ${program.usage}, see ${program.name} --help`);
  } else if (option !== undefined && text !== undefined) {
    collected.take(option, readText(option, text, paths), option.positional ?? "", { kind: "argument" });
  }
  return collected;
}

/** What the sections for single hosts stand under. */
export const HOST_TABLE = "host";

/** The entries of the configuration file at `path`, sections for hosts aside; an unknown key is an error. */
export function fromFile(
  program: Program,
  path: string,
  entries: readonly TomlEntry[],
  paths: PathContext,
): Settings {
  const options = new Map(program.options.map((option) => [option.key, option]));
  const collected = new Collector();
  for (const entry of entries) {
    if (program.hostSections && entry.path[0] === HOST_TABLE) continue;
    const { key, line, value } = entry;
    const where = `${path}:${line}: ${key}`;
    const option = options.get(key);
    if (option === undefined || value === undefined) {
      const isTable = program.options.some((each) => each.key.startsWith(`${key}.`));
      if (value === undefined && isTable) continue;
      if (isTable) collected.wrong(`${where}: is a table: write [${key}]`);
      else if (option !== undefined) collected.wrong(`${where}: is a setting, not a table`);
      else collected.wrong(`${where}: unknown key${suggestion(key, program.options.filter(inFile))}`);
    } else if (!inFile(option)) {
      collected.wrong(`${where}: can not stand in the configuration file`);
    } else {
      collected.take(option, readToml(option, value, paths), where, { kind: "file", path, line });
    }
  }
  return collected;
}

/** The schema's own values. */
export function fromDefaults(program: Program, paths: PathContext): Settings {
  const collected = new Collector();
  for (const option of program.options) {
    if (option.fallback === undefined) continue;
    collected.take(option, readText(option, String(option.fallback), paths), option.key, { kind: "default" });
  }
  return collected;
}

/** Key by key, the first source that has a value; the problems and warnings of all. */
export function merge(highestFirst: readonly Settings[]): Settings {
  const settings = new Map<string, Setting>();
  for (const source of highestFirst) {
    for (const [key, setting] of source.settings) if (!settings.has(key)) settings.set(key, setting);
  }
  return {
    settings,
    warnings: highestFirst.flatMap((source) => source.warnings),
    problems: highestFirst.flatMap((source) => source.problems),
  };
}

/** Collects what one source says, and what is wrong with it. */
export class Collector implements Settings {
  readonly settings: Map<string, Setting> = new Map();
  readonly warnings: string[] = [];
  readonly problems: string[] = [];

  take(option: Option, reading: Reading, where: string, source: Source): void {
    if (reading.kind === "wrong") {
      this.wrong(`${where}: ${reading.text}`);
      return;
    }
    this.settings.set(option.key, { value: reading.value, source });
    if (reading.warning !== undefined) this.warn(`${where}: ${reading.warning}`);
  }

  warn(text: string): void {
    this.warnings.push(text);
  }

  wrong(text: string): void {
    this.problems.push(text);
  }
}

/** " (did you mean x?)" for the nearest key, if one is near. */
export function suggestion(key: string, options: readonly Option[]): string {
  const near = options
    .map((option) => ({ key: option.key, distance: editDistance(key, option.key) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return near !== undefined && near.distance <= 3 ? ` (did you mean ${near.key}?)` : "";
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
