// Completions for bash, zsh and fish.
import { flagsOf, HELP_AND_VERSION } from "./schema.mjs";

/** What a completion has to know of a program. */
export function describeProgram(program) {
  const flags = [...flagsOf(program.options), ...HELP_AND_VERSION].map(flagOf);
  const positional = program.options.some((option) => option.positional);
  return { name: program.name, flags, words: ["config"], hosts: positional, commands: [] };
}

/** The same of mp-keygen, whose flags depend on its command. */
export function describeKeygen(schemas) {
  const global = [...flagsOf(schemas.GLOBAL_OPTIONS), ...HELP_AND_VERSION].map(flagOf);
  const commands = Object.entries(schemas.COMMANDS).map(([name, { about, options, most }]) => ({
    name,
    about: about.split(/[.;]/)[0],
    flags: flagsOf(options).map(flagOf),
    files: most > 0,
  }));
  return { name: "mp-keygen", flags: global, words: [], hosts: false, commands };
}

function flagOf({ long, short, help, option }) {
  const type = option?.kind.type;
  const value =
    type === "path"
      ? "file"
      : type === undefined || type === "switch" || type === "count"
        ? undefined
        : "text";
  return { long, short, help, value, repeats: type === "count" };
}

const NOTE = "# Made by scripts/surface.mjs from the schema of the program: do not edit.";

/** The names of known servers, one a line: for every shell the same. */
const KNOWN = `sed -n 's/^\\[\\{0,1\\}\\([^] \\t#][^] \\t]*\\).*/\\1/p' ~/.mp/known_hosts 2>/dev/null`;

export function bash(program) {
  const { name, flags, commands } = program;
  const all = [...flags, ...commands.flatMap((command) => command.flags)];
  const fn = `_${name.replaceAll("-", "_")}`;
  const patterns = (kind) =>
    [...new Set(all.filter((flag) => flag.value === kind).flatMap(spellings))].join(" | ");
  const texts = patterns("text");
  const files = patterns("file");
  const lines = [
    NOTE,
    `${fn}() {`,
    '  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word command="" i',
    "  COMPREPLY=()",
    "  for ((i = 1; i < COMP_CWORD; i++)); do",
    "    word=${COMP_WORDS[i]}",
    "    [[ $word == -- ]] && return",
    ...(commands.length > 0
      ? [
          `    [[ -z $command && " ${commands.map((each) => each.name).join(" ")} " == *" $word "* ]] && command=$word`,
        ]
      : []),
    "  done",
    "  case $previous in",
    ...(files === ""
      ? []
      : [
          `    ${files}) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;`,
        ]),
    ...(texts === "" ? [] : [`    ${texts}) return ;;`]),
    "  esac",
    "  if [[ $current == -* ]]; then",
    `    local flags="${flags.flatMap(spellings).join(" ")}"`,
    ...(commands.length > 0
      ? [
          "    case $command in",
          ...commands
            .filter((command) => command.flags.length > 0)
            .map(
              (command) =>
                `      ${command.name}) flags+=" ${command.flags.flatMap(spellings).join(" ")}" ;;`,
            ),
          "    esac",
        ]
      : []),
    '    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")',
    "    return",
    "  fi",
    ...bashWords(program),
    "}",
    `complete -F ${fn} ${name}`,
    "",
  ];
  return lines.join("\n");
}

function bashWords({ hosts, words, commands }) {
  if (commands.length > 0) {
    const names = commands.map((command) => command.name).join(" ");
    const withFiles = commands.filter((command) => command.files).map((command) => command.name);
    return [
      "  case $command in",
      `    "") mapfile -t COMPREPLY < <(compgen -W "${names}" -- "$current") ;;`,
      `    ${withFiles.join(" | ")}) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;`,
      "  esac",
    ];
  }
  if (!hosts) return [`  mapfile -t COMPREPLY < <(compgen -W "${words.join(" ")}" -- "$current")`];
  return [
    '  local user="" host=$current',
    "  [[ $current == *@* ]] && user=${current%@*}@ host=${current##*@}",
    `  mapfile -t COMPREPLY < <(compgen -P "$user" -W "$(${KNOWN})" -- "$host")`,
    `  [[ -z $user ]] && mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "${words.join(" ")}" -- "$current")`,
    "  return 0",
  ];
}

export function zsh(program) {
  const { name, flags, hosts, words, commands } = program;
  const specs = (list) => list.map((flag) => `    ${zshSpec(flag)}`);
  if (commands.length === 0) {
    return [
      `#compdef ${name}`,
      NOTE,
      ...(hosts
        ? [
            "_mp_destinations() {",
            "  local -a known",
            `  known=(\${(f)"$(${KNOWN})"})`,
            "  if compset -P '*@'; then",
            "    compadd -a known",
            "  else",
            `    compadd -a known && compadd ${words.join(" ")} || compadd ${words.join(" ")}`,
            "  fi",
            "}",
          ]
        : []),
      "local -a specs",
      "specs=(",
      ...specs(flags),
      hosts ? "    '1:destination:_mp_destinations'" : `    '1:command:(${words.join(" ")})'`,
      ...(hosts ? ["    '*:destination:_mp_destinations'"] : []),
      ")",
      "_arguments -s -S $specs",
      "",
    ].join("\n");
  }
  return [
    `#compdef ${name}`,
    NOTE,
    "local -a specs commands",
    "local command word",
    `commands=(${commands.map((command) => zshQuoted(`${command.name}:${command.about}`)).join(" ")})`,
    "for word in ${words[2,CURRENT-1]}; do",
    `  [[ -z $command && $word == (${commands.map((command) => command.name).join("|")}) ]] && command=$word`,
    "done",
    "specs=(",
    ...specs(flags),
    ")",
    "case $command in",
    ...commands.flatMap((command) => [
      `  ${command.name})`,
      "    specs+=(",
      ...command.flags.map((flag) => `      ${zshSpec(flag)}`),
      ...(command.files ? ["      '2:file:_files'", "      '3:file:_files'"] : []),
      "    ) ;;",
    ]),
    "esac",
    "_arguments -s $specs '1:command:{_describe command commands}'",
    "",
  ].join("\n");
}

function zshSpec({ long, short, help, value, repeats }) {
  const names = short === undefined ? [`--${long}`] : [`-${short}`, `--${long}`];
  const text = help.replace(/[[\]:\\]/g, "\\$&");
  const rest = `[${text}]${value === "file" ? ":file:_files" : value === "text" ? ":value: " : ""}`;
  const sign = value === undefined ? "" : short === undefined ? "=" : "+";
  const spelled = names.map((each) => (each.startsWith("--") && sign === "+" ? `${each}=` : each + sign));
  const head = repeats ? "*" : names.length > 1 ? `(${names.join(" ")})` : "";
  if (names.length === 1) return zshQuoted(`${head}${spelled[0]}${rest}`);
  return `${zshQuoted(head)}{${spelled.join(",")}}${zshQuoted(rest)}`;
}

const zshQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

export function fish(program) {
  const { name, flags, hosts, words, commands } = program;
  const line = (flag, condition) => {
    const parts = [`complete -c ${name}`];
    if (condition) parts.push(`-n ${fishQuoted(condition)}`);
    if (flag.short) parts.push(`-s ${flag.short}`);
    parts.push(`-l ${flag.long}`);
    if (flag.value === "file") parts.push("-r -F");
    if (flag.value === "text") parts.push("-x");
    return [...parts, `-d ${fishQuoted(flag.help)}`].join(" ");
  };
  const lines = [NOTE, `complete -c ${name} -f`, ...flags.map((flag) => line(flag))];
  if (hosts) {
    lines.push(
      "function __mp_destinations",
      "  set -l user (string match -r '^.*@' -- (commandline -ct))",
      `  for host in (${KNOWN})`,
      '    echo "$user$host"',
      "  end",
      "end",
      `complete -c ${name} -a '(__mp_destinations)'`,
    );
  }
  if (words.length > 0)
    lines.push(
      `complete -c ${name} -n __fish_is_first_token -a ${fishQuoted(words.join(" "))} -d 'Print the settings in force'`,
    );
  for (const command of commands) {
    const seen = `__fish_seen_subcommand_from ${command.name}`;
    lines.push(
      `complete -c ${name} -n ${fishQuoted(`not __fish_seen_subcommand_from ${commands.map((each) => each.name).join(" ")}`)} -a ${command.name} -d ${fishQuoted(command.about)}`,
      ...command.flags.map((flag) => line(flag, seen)),
      ...(command.files ? [`complete -c ${name} -n ${fishQuoted(seen)} -F`] : []),
    );
  }
  return `${lines.join("\n")}\n`;
}

const fishQuoted = (text) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

function spellings({ long, short }) {
  return short === undefined ? [`--${long}`] : [`-${short}`, `--${long}`];
}
