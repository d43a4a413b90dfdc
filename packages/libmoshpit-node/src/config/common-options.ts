import { parseDirectives } from "../log/directives.js";
import type { Option } from "./option.js";

/** What raises and lowers the verbosity, for `mp`, `mps` and the log file alone. */
const STEPS = { type: "count", min: -255, max: 255 } as const;

/** The options that `mp` and `mps` share, in the order of `--help`. */
export function commonOptions(program: {
  /** `moshpit` or `moshpits`: the names of folder and files. */
  readonly folder: string;
  /** "client" or "server". */
  readonly side: string;
  readonly privateKey: string;
  readonly stdoutWhen: string;
}): {
  readonly verbosity: readonly Option[];
  readonly files: readonly Option[];
  readonly tracing: readonly Option[];
} {
  return {
    verbosity: [
      {
        key: "verbose",
        kind: STEPS,
        fallback: 0,
        flag: { long: "verbose", short: "v" },
        help: "Turn up logging verbosity (repeatable)",
      },
      {
        key: "quiet",
        kind: STEPS,
        fallback: 0,
        flag: { long: "quiet", short: "q" },
        help: "Turn down logging verbosity (repeatable)",
      },
    ],
    files: [
      {
        key: "config_absolute_path",
        kind: { type: "path" },
        flag: { long: "config-absolute-path", short: "c", placeholder: "PATH" },
        inFile: false,
        help: `Path to an alternate config file (without it ~/.config/${program.folder}/${program.folder}.toml, if that exists)`,
      },
      {
        key: "tracing_absolute_path",
        kind: { type: "path" },
        fallback: `~/.config/${program.folder}/logs/${program.folder}.log`,
        flag: { long: "tracing-absolute-path", short: "t", placeholder: "PATH" },
        help: "Path to an alternate tracing output file",
      },
      {
        key: "private_key_path",
        perHost: true,
        kind: { type: "path" },
        fallback: program.privateKey,
        flag: { long: "private-key-path", short: "p", placeholder: "PATH" },
        help: `Path to the ${program.side} private key`,
      },
      {
        key: "public_key_path",
        perHost: true,
        kind: { type: "path" },
        flag: { long: "public-key-path", short: "k", placeholder: "PATH" },
        help: `Path to the ${program.side} public key (without it the private key's path with .pub)`,
        example: `${program.privateKey}.pub`,
      },
    ],
    tracing: [
      ...layerOptions("tracing.stdout", program.stdoutWhen, program.folder),
      {
        key: "tracing.file.verbose",
        kind: STEPS,
        fallback: 0,
        help: "Turn up the verbosity of the log file alone",
      },
      {
        key: "tracing.file.quiet",
        kind: STEPS,
        fallback: 0,
        help: "Turn down the verbosity of the log file alone",
      },
      ...layerOptions("tracing.file.layer", "of the log file", program.folder),
    ],
  };
}

function layerOptions(table: string, where: string, folder: string): Option[] {
  const shows = (name: string, fallback: boolean, what: string): Option => ({
    key: `${table}.${name}`,
    kind: { type: "switch" },
    fallback,
    help: `Show ${what} in each line ${where}`,
  });
  return [
    shows("with_target", false, "the part of the program that logs"),
    shows("with_thread_ids", false, "process id and worker id"),
    shows("with_thread_names", false, "the role of the process"),
    shows("with_line_number", false, "the source file and line"),
    shows("with_level", true, "the level"),
    {
      key: `${table}.directives`,
      kind: { type: "text", check: directivesFault },
      help: `Levels for single parts of the program, for the lines ${where}: target=level, with commas between`,
      example: `${folder}=debug`,
    },
  ];
}

function directivesFault(text: string): string | undefined {
  const parsed = parseDirectives(text);
  return typeof parsed === "string" ? parsed : undefined;
}
