import { writeFileSync } from "node:fs";
import {
  environmentName,
  type Option,
  type Program,
} from "../../../packages/libmoshpit-node/src/config/index.js";

/** Where a setting can come from. */
export type GivenBy = "variable" | "flag" | "file";

/** Values by key, as they stand in a configuration file. */
export type GivenValues = Readonly<Record<string, string | number | boolean>>;

/** The sources that an option has. */
export function sourcesOf(option: Option): readonly GivenBy[] {
  return [
    ...(option.flagOnly === true ? [] : (["variable"] as const)),
    ...(option.flag === undefined ? [] : (["flag"] as const)),
    ...(option.flagOnly === true || option.inFile === false ? [] : (["file"] as const)),
  ];
}

/** Arguments and variables that give a program `base` in its file and `given` by one source. */
export function giving(
  program: Program,
  path: string,
  base: GivenValues,
  by: GivenBy,
  given: GivenValues,
): { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> } {
  const inFile = by === "file" ? { ...base, ...given } : base;
  const lines = Object.entries(inFile).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
  writeFileSync(path, lines.join(""));
  const args = ["-c", path];
  const env: Record<string, string> = {};
  for (const [key, value] of Object.entries(by === "file" ? {} : given)) {
    const option = program.options.find((each) => each.key === key);
    if (option === undefined) throw new Error(`${program.name} has no ${key}`);
    if (by === "variable") env[environmentName(program.prefix, option)] = String(value);
    else args.push(...flagWords(option, value));
  }
  return { args, env };
}

function flagWords(option: Option, value: string | number | boolean): readonly string[] {
  const flag = `--${option.flag?.long}`;
  switch (option.kind.type) {
    case "switch":
      return value === true ? [flag] : [];
    case "count":
      return Array<string>(Number(value)).fill(flag);
    default:
      return [flag, String(value)];
  }
}
