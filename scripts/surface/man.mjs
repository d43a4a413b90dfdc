// Manual pages, in the man macros of roff.
import { flagsOf, HELP_AND_VERSION } from "./schema.mjs";

/** A program's page. */
export function programPage(schemas, program, texts) {
  const flags = [...flagsOf(program.options), ...HELP_AND_VERSION];
  const extra = program.options.filter((option) => !option.flag && !option.positional);
  return page(program.name, texts, schemas.VERSION, [
    section("SYNOPSIS", synopsis(program.name, texts.synopsis)),
    section("DESCRIPTION", paragraphs(texts.description)),
    section(
      "OPTIONS",
      flags.map((flag) => term(flagTerm(flag), sentence(flag.help, flag.option, schemas))),
    ),
    texts.escapes &&
      section(
        "ESCAPE KEY",
        texts.escapes.map(([key, text]) => term(bold(key), text)),
      ),
    section("CONFIGURATION", [
      ...paragraphs([
        `Each setting can stand in the environment, on the command line and in the configuration file (${program.defaultFile}), and key by key the first of these wins: an environment variable over a flag, and a flag over the file. This differs from ssh and sshd, where the command line wins.${program.takesCommand ? " SERVER_DESTINATION on the command line alone wins over everything." : ""}`,
        `The variable of a setting is ${program.prefix} and its key in capitals, with _ for each dot. Keys without a flag: ${extra.map((option) => option.key).join(", ")}. ${tomlName(program)}(5) explains each.`,
      ]),
    ]),
    texts.signals &&
      section(
        "SIGNALS",
        texts.signals.map(([name, text]) => term(bold(name), text)),
      ),
    ...tail(texts),
  ]);
}

/** The page of a program's configuration file. */
export function filePage(schemas, program, texts) {
  const own = program.options.filter(schemas.inFile);
  const perHost = own.filter((option) => option.perHost).map((option) => option.key);
  const body = [
    section("DESCRIPTION", [
      ...paragraphs([
        `${program.name} reads ${program.defaultFile}, or the file that --config-absolute-path names, in TOML. The default file need not exist. An unknown key, a wrong type or a value out of range is an error that names file, line and key.`,
        `Every key is also an environment variable, which wins over the file: ${program.prefix} and the key in capitals, with _ for each dot. ${program.name} config prints what is in force.`,
      ]),
    ]),
    section(
      "KEYS",
      own.map((option) =>
        term(
          bold(option.key),
          `${sentence(option.help, option, schemas, { inFile: true })} Variable: ${schemas.environmentName(program.prefix, option)}.`,
        ),
      ),
    ),
    program.hostSections &&
      section("SECTIONS FOR SINGLE HOSTS", [
        ...paragraphs([
          `A table [host."PATTERNS"] holds, for destinations whose host matches, any of ${perHost.join(", ")}. Patterns stand with spaces between; * is any characters, ? is one, and a pattern after ! excepts what it matches. For each key the first section that matches and has it wins, before the rest of the file.`,
        ]),
        ".PP\n.nf",
        roff('[host."db* !db9"]\nuser = "postgres"\nserver_port = 50505'),
        ".fi",
      ]),
    section("SEE ALSO", [seeAlso([`${program.name}(${texts.section})`])]),
  ];
  const title = `configuration file of ${program.name}`;
  return page(tomlName(program), { section: 5, title }, schemas.VERSION, body);
}

/** The page of mp-keygen, which has commands. */
export function keygenPage(schemas, texts) {
  const commands = Object.entries(schemas.COMMANDS).flatMap(([, { usage, about, options }]) => [
    `.SS ${roff(usage.replace(/^mp-keygen /, ""))}`,
    roff(about),
    ...flagsOf(options).map((flag) => term(flagTerm(flag), sentence(flag.help, undefined, schemas))),
  ]);
  const global = [...flagsOf(schemas.GLOBAL_OPTIONS), ...HELP_AND_VERSION];
  return page("mp-keygen", texts, schemas.VERSION, [
    section("SYNOPSIS", synopsis("mp-keygen", texts.synopsis)),
    section("DESCRIPTION", paragraphs(texts.description)),
    section("COMMANDS", commands),
    section(
      "OPTIONS OF EVERY COMMAND",
      global.map((flag) => term(flagTerm(flag), `${flag.help}.`)),
    ),
    ...tail(texts),
  ]);
}

/** `moshpit.toml`. */
export function tomlName(program) {
  return program.defaultFile.split("/").at(-1);
}

function tail(texts) {
  return [
    section(
      "FILES",
      texts.files.map(([name, text]) => term(italic(name), text)),
    ),
    section(
      "EXIT STATUS",
      texts.exit.map(([status, text]) => term(bold(status), text)),
    ),
    section(
      "EXAMPLES",
      texts.examples.map(([command, text]) => term(bold(command), text)),
    ),
    section("SEE ALSO", [seeAlso(texts.see)]),
  ];
}

function page(name, { section: number, title }, version, sections) {
  return [
    '.\\" Made by scripts/surface.mjs from the schema of the program: do not edit.',
    `.TH ${roff(name.toUpperCase())} ${number} "" "moshpit ${version}" "moshpit"`,
    section("NAME", [`${roff(name)} \\- ${roff(title)}`]),
    ...sections.filter(Boolean),
    "",
  ].join("\n");
}

const section = (title, lines) => [`.SH ${title}`, ...lines].join("\n");

function synopsis(name, lines) {
  const rest = lines.map((line) => `${bold(name)} ${roff(line.slice(name.length + 1))}`);
  return rest.flatMap((line, i) => (i === 0 ? [line] : [".br", line]));
}

function paragraphs(texts) {
  return texts.flatMap((text, i) => (i === 0 ? [roff(text)] : [".PP", roff(text)]));
}

/** `head` is roff already. */
const term = (head, text) => [".TP", head, roff(text)].join("\n");

function flagTerm({ short, long, placeholder }) {
  const names = [...(short ? [bold(`-${short}`)] : []), bold(`--${long}`)].join(", ");
  return placeholder === undefined ? names : `${names} ${italic(placeholder)}`;
}

/** The help text with the values that are allowed and the default. */
function sentence(help, option, schemas, { inFile = false } = {}) {
  const parts = [`${help}.`];
  const isPlain = !inFile && option?.flag !== undefined && ["switch", "count"].includes(option.kind.type);
  if (option !== undefined && !isPlain && !["switch", "path", "text"].includes(option.kind.type)) {
    parts.push(`Must be ${schemas.expectation(option)}.`);
  }
  if (option?.fallback !== undefined && !isPlain) parts.push(`Default: ${option.fallback}.`);
  return parts.join(" ");
}

const seeAlso = (pages) =>
  pages.map((name) => bold(name.replace(/\(\d\)$/, "")) + roff(/\(\d\)$/.exec(name)[0])).join(", ");

const bold = (text) => `\\fB${roff(text)}\\fR`;
const italic = (text) => `\\fI${roff(text)}\\fR`;

/** Nothing in the text is a command of roff, and a hyphen is what a shell takes for one. */
function roff(text) {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("^", "\\(ha")
    .replaceAll("~", "\\(ti")
    .replaceAll("`", "\\(ga")
    .replaceAll("'", "\\(aq")
    .replace(/^\./gm, "\\&.");
}
