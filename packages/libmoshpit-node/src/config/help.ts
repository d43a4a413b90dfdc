import { environmentName, type Option, type Program } from "./option.js";
import { VERSION } from "../version/index.js";

const WIDTH = 100;
const INDENT = "  ";

/** What `-V` prints. */
export function versionText(program: Program): string {
  return `${program.name} ${VERSION}\n`;
}

/** What `-h` prints: the whole surface of the program, made from its schema. */
export function helpText(program: Program): string {
  const positional = program.options.filter((option) => option.positional !== undefined);
  const sections = [
    program.about,
    `Usage: ${program.usage}`,
    helpSection(
      "Arguments",
      positional.map((option) => [`<${option.positional}>`, described(option)]),
    ),
    helpSection("Options", flagEntries(program.options)),
    `Config file: ${program.defaultFile}`,
    helpSection(
      "Keys of the config file, and the variable for each (the settings above have a variable too)",
      program.options.filter(onlyKey).map((option) => [option.key, described(option)]),
    ),
    hostSectionText(program),
    `Variables: ${program.prefix}, then the key in capitals with _ for the dots: ${example(program)}.`,
    ...program.notes.map((note) => wrapped(note, "").join("\n")),
  ];
  return `${sections.filter((text) => text !== "").join("\n\n")}\n`;
}

/** A line of help. */
export type HelpEntry = readonly [term: string, text: string];

/** The flags of options, `--help` and `--version` last. */
export function flagEntries(options: readonly Option[]): readonly HelpEntry[] {
  const flagged = options.filter((option) => option.flag !== undefined);
  return [
    ...flagged.map((option) => [flagTerm(option), described(option)] as const),
    ["-h, --help", "Print help"],
    ["-V, --version", "Print version"],
  ];
}

/** How single hosts are configured, if they can be. */
function hostSectionText(program: Program): string {
  if (!program.hostSections) return "";
  const keys = program.options.filter((option) => option.perHost).map((option) => option.key);
  return wrapped(
    `Sections of the config file for single hosts: [host."db* !db9"] holds, for destinations that match (* is any characters, ? is one, ! excepts), any of ${keys.join(", ")}. The first section that matches and has a key wins, before the rest of the file.`,
    "",
  ).join("\n");
}

function onlyKey(option: Option): boolean {
  return option.flag === undefined && option.positional === undefined;
}

function flagTerm(option: Option): string {
  const flag = option.flag;
  if (flag === undefined) return "";
  const short = flag.short === undefined ? "    " : `-${flag.short}, `;
  return `${short}--${flag.long}${flag.placeholder === undefined ? "" : ` <${flag.placeholder}>`}`;
}

function described(option: Option): string {
  const values = option.kind.type === "choice" ? ` (${option.kind.values.join(", ")})` : "";
  const isPlain =
    option.flag !== undefined && (option.kind.type === "switch" || option.kind.type === "count");
  const fallback = option.fallback === undefined || isPlain ? "" : ` (default: ${option.fallback})`;
  return option.help + values + fallback;
}

function example(program: Program): string {
  const option = program.options.find((each) => each.key.endsWith("port"));
  return option === undefined ? "" : `${environmentName(program.prefix, option)} is ${option.key}`;
}

/** A section of help: terms on the left, their texts in one column on the right; nothing for no entries. */
export function helpSection(title: string, entries: readonly HelpEntry[]): string {
  if (entries.length === 0) return "";
  const column = Math.min(Math.max(...entries.map(([term]) => term.length)) + 2, 38);
  const lines = entries.flatMap(([term, text]) => {
    const [first = "", ...more] = wrapped(text, " ".repeat(INDENT.length + column));
    const head = INDENT + term;
    if (term.length + 2 > column) return [head, first, ...more];
    return [head.padEnd(INDENT.length + column) + first.trimStart(), ...more];
  });
  return [`${title}:`, ...lines].join("\n");
}

/** Lines of at most `WIDTH`, each behind `indent`. */
function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(indent + line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, indent + line];
}
