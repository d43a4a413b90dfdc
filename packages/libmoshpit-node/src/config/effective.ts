import { inFile, type Option, type OptionValue, type Program } from "./option.js";
import type { Setting, Settings, Source } from "./sources.js";

/**
 * What `mp config` and `mps config` print: every setting that is in force, as lines of a configuration file that would
 * say the same, each with where its value came from.
 */
export function effectiveText(
  program: Program,
  effective: Settings,
  file: { readonly path: string; readonly exists: boolean },
): string {
  const lines = program.options.filter(inFile).map((option) => {
    const setting = effective.settings.get(option.key);
    return setting === undefined ? unset(option) : given(option, setting);
  });
  const width = Math.min(Math.max(...lines.map(([text]) => text.length)), WIDEST);
  return [
    `# ${program.name}: every setting, and where its value comes from`,
    `# config file: ${file.path}${file.exists ? "" : " (there is none)"}`,
    ...effective.warnings.map((warning) => `# warning: ${warning}`),
    "",
    ...lines.map(([text, origin]) => `${text.padEnd(width)}  # ${origin}`),
    "",
  ].join("\n");
}

/** Longer lines have their comment right behind them. */
const WIDEST = 60;

function given(option: Option, { value, source }: Setting): readonly [string, string] {
  return [`${option.key} = ${tomlValue(value)}`, origin(source)];
}

function unset(option: Option): readonly [string, string] {
  return [`# ${option.key}`, "not set"];
}

/** As it would stand in the file. JSON's strings are TOML's but for DEL. */
export function tomlValue(value: OptionValue): string {
  return typeof value === "string" ? JSON.stringify(value).replaceAll("\x7f", "\\u007f") : String(value);
}

function origin(source: Source): string {
  switch (source.kind) {
    case "argument":
      return "the command line's argument";
    case "environment":
    case "flag":
      return source.name;
    case "file":
      return `${source.path}:${source.line}`;
    case "default":
      return "default";
  }
}
