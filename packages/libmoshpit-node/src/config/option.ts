/** What an option's value may be. */
export type OptionKind =
  /** A decimal integer within [min, max]; outside it an error, or, with `clamp`, the nearer end and a warning. */
  | { readonly type: "integer"; readonly min: number; readonly max: number; readonly clamp?: true }
  /** An integer within [min, max]; as a flag without a value, repeatable, and counted. */
  | { readonly type: "count"; readonly min: number; readonly max: number }
  | { readonly type: "switch" }
  /** A file: `~/` is the home directory, and what is relative is so to the current directory. */
  | { readonly type: "path" }
  /** A string; `check` says what is wrong with one. */
  | { readonly type: "text"; readonly check?: (text: string) => string | undefined }
  | { readonly type: "choice"; readonly values: readonly string[] };

export type OptionValue = number | boolean | string;

/** How an option is given on the command line. */
export interface Flag {
  readonly long: string;
  readonly short?: string;
  /** What `--help` calls the value; only for kinds that take one. */
  readonly placeholder?: string;
}

/**
 * One setting, wherever it comes from. The flag parser, the file reader, the environment reader and `--help` all work
 * from this; the name of the environment variable is derived (`environmentName`).
 */
export interface Option {
  /** Where it stands in the TOML file: `tracing.file.layer.with_level`. Its identity everywhere. */
  readonly key: string;
  readonly kind: OptionKind;
  /** As it would stand in the file. Absent: nothing unless given. */
  readonly fallback?: OptionValue;
  readonly flag?: Flag;
  /** Also the positional argument, under this name in `--help`; that wins over every other source. */
  readonly positional?: string;
  /** False: can not stand in the file. */
  readonly inFile?: false;
  /** Something to do, not a setting: a flag and nothing else. */
  readonly flagOnly?: true;
  /** Can stand in a `[host."pattern"]` section, too, under the same key. */
  readonly perHost?: true;
  /** One sentence for `--help`, without the default. */
  readonly help: string;
  /** Where there is no default: a value to show in an example. */
  readonly example?: OptionValue;
}

/** One program's command line, file and environment. */
export interface Program {
  readonly name: string;
  /** One sentence. */
  readonly about: string;
  readonly usage: string;
  /** Of its environment variables, `MOSHPIT_`. */
  readonly prefix: string;
  /** `~/.config/…`. */
  readonly defaultFile: string;
  /** The exit status of a misuse. */
  readonly misuseStatus: number;
  readonly options: readonly Option[];
  /** Whether the file can have `[host."pattern"]` sections. */
  readonly hostSections: boolean;
  /** Whether `-- command` is taken. */
  readonly takesCommand: boolean;
  /** Paragraphs at the end of `--help`. */
  readonly notes: readonly string[];
}

/** Whether the option has a variable. */
export function inEnvironment(option: Option): boolean {
  return option.flagOnly !== true;
}

/** Whether the option can stand in the file, at its top. */
export function inFile(option: Option): boolean {
  return option.inFile !== false && option.flagOnly !== true;
}

/** `tracing.file.verbose` under `MOSHPITS_` is `MOSHPITS_TRACING_FILE_VERBOSE`. */
export function environmentName(prefix: string, option: Option): string {
  return prefix + option.key.replaceAll(".", "_").toUpperCase();
}
