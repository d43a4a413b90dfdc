import type { Option, Program } from "./option.js";
import { Collector, HOST_TABLE, suggestion, type Settings } from "./sources.js";
import type { TomlEntry } from "./toml.js";
import { readToml, type PathContext } from "./values.js";

/**
 * What the `[host."pattern"]` sections of the file at `path` say for `host`: key by key the first section that matches
 * and has it, as in ssh_config. All sections are checked, also those for others and without a host.
 */
export function fromHostSections(
  program: Program,
  path: string,
  entries: readonly TomlEntry[],
  paths: PathContext,
  host: string | undefined,
): Settings {
  const options = new Map(program.options.filter((each) => each.perHost).map((each) => [each.key, each]));
  const matching = new Collector();
  const others = new Collector();
  for (const entry of entries) {
    const [table, pattern, ...rest] = entry.path;
    if (!program.hostSections || table !== HOST_TABLE) continue;
    const where = `${path}:${entry.line}: ${entry.key}`;
    if (entry.value === undefined && rest.length === 0) {
      if (pattern !== undefined && pattern.trim() === "") matching.wrong(`${where}: names no host`);
      continue;
    }
    if (pattern === undefined || rest.length === 0) {
      matching.wrong(`${where}: is a table: write [host."NAME"]`);
      continue;
    }
    const key = rest.join(".");
    const option = options.get(key);
    if (option === undefined || entry.value === undefined) {
      matching.wrong(`${where}: ${unknown(key, program, [...options.values()])}`);
      continue;
    }
    const reading = readToml(option, entry.value, paths);
    const counts = host !== undefined && matchesHost(pattern, host) && !matching.settings.has(key);
    const source = { kind: "file", path, line: entry.line } as const;
    (counts ? matching : others).take(option, reading, where, source);
  }
  return {
    settings: matching.settings,
    warnings: matching.warnings,
    problems: [...matching.problems, ...others.problems],
  };
}

/**
 * Whether a section is for `host`: patterns with spaces between, `*` for any characters and `?` for one; a pattern
 * after `!` keeps the hosts that match it out. Letters in either case are the same.
 */
export function matchesHost(patterns: string, host: string): boolean {
  const words = patterns.split(/\s+/).filter((word) => word !== "");
  const text = host.toLowerCase();
  if (words.some((word) => word.startsWith("!") && fits(word.slice(1), text))) return false;
  return words.some((word) => !word.startsWith("!") && fits(word, text));
}

/** In time that grows with the product of both lengths, whatever they are. */
function fits(pattern: string, text: string): boolean {
  let reachable = [true, ...Array.from(text, () => false)];
  for (const char of pattern.toLowerCase()) {
    const next: boolean[] = [char === "*" && reachable[0] === true];
    for (let i = 1; i < reachable.length; i++) {
      const here = reachable[i - 1] === true && (char === "?" || char === text[i - 1]);
      next.push(char === "*" ? next[i - 1] === true || reachable[i] === true : here);
    }
    reachable = next;
  }
  return reachable.at(-1) === true;
}

function unknown(key: string, program: Program, options: readonly Option[]): string {
  const elsewhere = program.options.some((option) => option.key === key || option.key.startsWith(`${key}.`));
  if (elsewhere) return "can not stand in a section for a host";
  const hint = new Map([
    ["port", " (did you mean server_port?)"],
    ["key", " (did you mean private_key_path?)"],
  ]).get(key);
  return `unknown key${hint ?? suggestion(key, options)}`;
}
