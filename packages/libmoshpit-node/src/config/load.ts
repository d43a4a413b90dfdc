import { readFile } from "node:fs/promises";
import { parseDestination } from "./destination.js";
import { effectiveText } from "./effective.js";
import { parseCommandLine, type CommandLine } from "./flags.js";
import { helpText, versionText } from "./help.js";
import { fromHostSections } from "./host-sections.js";
import type { OptionValue, Program } from "./option.js";
import {
  fromArgument,
  fromDefaults,
  fromEnvironment,
  fromFile,
  fromFlags,
  merge,
  type Settings,
  type Source,
} from "./sources.js";
import { parseToml } from "./toml.js";
import { expandPath, type PathContext } from "./values.js";

/** What the process was started with. */
export interface Invocation extends PathContext {
  /** Without the interpreter and the program. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** To be written to standard output if the status is 0, to standard error otherwise; then the program exits. */
export interface Print {
  readonly kind: "print";
  /** Ends in a newline. */
  readonly text: string;
  readonly status: number;
}

/** By key. */
export type Sources = ReadonlyMap<string, Source>;

/** A configuration to run with, or a text to print and end. */
export type Loaded<Config> =
  | {
      readonly kind: "run";
      readonly config: Config;
      /** Where the value of each key came from; a key without a value is absent. */
      readonly sources: Sources;
      /** One line each, for standard error or the log. */
      readonly warnings: readonly string[];
    }
  | Print;

/** The merged settings of a program, typed access included. */
export class Values {
  readonly #settings: Settings["settings"];
  readonly line: CommandLine;

  constructor(settings: Settings["settings"], line: CommandLine) {
    this.#settings = settings;
    this.line = line;
  }

  text(key: string): string | undefined {
    const value = this.#value(key);
    return typeof value === "string" ? value : undefined;
  }

  /** A text or a path that the schema has a default for. */
  certainText(key: string): string {
    return this.#certain(key, "string") as string;
  }

  number(key: string): number {
    return this.#certain(key, "number") as number;
  }

  switch(key: string): boolean {
    return this.#certain(key, "boolean") as boolean;
  }

  sources(): Sources {
    return new Map([...this.#settings].map(([key, setting]) => [key, setting.source]));
  }

  #value(key: string): OptionValue | undefined {
    return this.#settings.get(key)?.value;
  }

  #certain(key: string, type: string): OptionValue {
    const value = this.#value(key);
    if (typeof value !== type || value === undefined) throw new TypeError(`no ${type} under ${key}`);
    return value;
  }
}

/**
 * Reads every source of a program and merges them: environment over flags over file over defaults, key by key; the
 * positional argument over all; in the file, what stands in a section for the host over what stands at the top. With
 * `config` as the first argument it answers with what is in force, to be printed. `complete` makes the program's own configuration, or says what is wrong. Never prints,
 * never exits; throws only for faults of the schema.
 */
export async function load<Config>(
  program: Program,
  invocation: Invocation,
  complete: (values: Values) => Config | string,
): Promise<Loaded<Config>> {
  const { line, shows } = takeCommand(parseCommandLine(program.options, invocation.argv));
  if (line.help) return { kind: "print", text: helpText(program), status: 0 };
  if (line.version) return { kind: "print", text: versionText(program), status: 0 };
  if (line.problem !== undefined) return misuse(program, `${line.problem}: see ${program.name} --help`);
  if (line.rest !== undefined && (shows || !program.takesCommand))
    return misuse(program, `${shows ? "config " : ""}takes no command after --`);

  const given = [
    fromArgument(program, line, invocation),
    fromEnvironment(program, invocation.env, invocation),
    fromFlags(program, line, invocation),
  ];
  const wrong = given.flatMap((source) => source.problems)[0];
  if (wrong !== undefined) return misuse(program, wrong);
  const file = await readFileSettings(program, invocation, merge(given));
  const all = merge([...given, ...file.settings, fromDefaults(program, invocation)]);
  const [problem] = all.problems;
  if (problem !== undefined) return misuse(program, problem);
  if (shows) return { kind: "print", text: effectiveText(program, all, file), status: 0 };

  const values = new Values(all.settings, line);
  const config = complete(values);
  if (typeof config === "string") return misuse(program, config);
  return { kind: "run", config, sources: values.sources(), warnings: all.warnings };
}

function misuse(program: Program, text: string): Print {
  return { kind: "print", text: `${program.name}: ${text}\n`, status: program.misuseStatus };
}

/** Nobody writes more by hand; a log file named by mistake is not read whole. */
const LARGEST_FILE = 1 << 20;

/** The file, and what it says: for the host at hand, and for all. */
interface FileSettings {
  readonly path: string;
  readonly exists: boolean;
  /** Highest first. */
  readonly settings: readonly Settings[];
}

async function readFileSettings(
  program: Program,
  paths: PathContext,
  given: Settings,
): Promise<FileSettings> {
  const named = given.settings.get("config_absolute_path")?.value;
  const expanded = expandPath(program.defaultFile, paths);
  const path = String(named ?? (expanded.kind === "value" ? expanded.value : program.defaultFile));
  const refused = (what: string): FileSettings => ({
    path,
    exists: true,
    settings: [{ settings: new Map(), warnings: [], problems: [what] }],
  });
  let text: string;
  try {
    const octets = await readFile(path);
    if (octets.length > LARGEST_FILE) return refused(`${path}: more than 1 MiB, no config file`);
    text = new TextDecoder("utf-8", { fatal: true }).decode(octets);
  } catch (error) {
    if (error instanceof TypeError) return refused(`${path}: not UTF-8`);
    const code = (error as NodeJS.ErrnoException).code;
    if (named === undefined && (code === "ENOENT" || code === "ENOTDIR"))
      return { path, exists: false, settings: [] };
    return refused(`${path}: ${REASONS[code ?? ""] ?? (error as Error).message}`);
  }
  const document = await parseToml(text);
  if (document.kind === "wrong") return refused(`${path}:${document.line}: ${document.text}`);
  const general = fromFile(program, path, document.entries, paths);
  const host = hostOf(merge([given, general]));
  const special = fromHostSections(program, path, document.entries, paths, host);
  return { path, exists: true, settings: [special, general] };
}

/** The host that the destination names, if there is one and it is none that is complained about elsewhere. */
function hostOf(settings: Settings): string | undefined {
  const destination = settings.settings.get("server_destination")?.value;
  if (typeof destination !== "string") return undefined;
  const parsed = parseDestination(destination);
  return typeof parsed === "string" ? undefined : parsed.host;
}

/** `config` in front of the arguments asks for the settings in place of a run. */
function takeCommand(line: CommandLine): { readonly line: CommandLine; readonly shows: boolean } {
  const [first, ...others] = line.positionals;
  return first === "config"
    ? { line: { ...line, positionals: others }, shows: true }
    : { line, shows: false };
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such config file",
  ENOTDIR: "no such config file",
  EACCES: "the config file can not be read: permission denied",
  EISDIR: "is a directory, not a config file",
};
