// The example configuration files: every key, what it does and its default, all commented out.

/** `#key = value` is a setting to uncomment, `# text` says what it does. */
export function exampleFile(schemas, program) {
  const own = program.options.filter(schemas.inFile);
  const top = own.filter((option) => !option.key.includes("."));
  const tables = grouped(
    own.filter((option) => option.key.includes(".")),
    tableOf,
  );
  const lines = [
    `# Configuration of ${program.name}: ${program.defaultFile}, unless --config-absolute-path names another.`,
    `# Every key is here with its default, or with an example where it has none. Remove the # to set it.`,
    `# A variable wins over this file: ${program.prefix} and the key in capitals, with _ for each dot.`,
    "",
    ...top.flatMap((option) => setting(schemas, option, option.key)),
  ];
  for (const [table, options] of tables) {
    lines.push(`[${table}]`, "");
    for (const option of options) lines.push(...setting(schemas, option, option.key.slice(table.length + 1)));
  }
  if (program.hostSections) lines.push(...hostSection(own.filter((option) => option.perHost)));
  return `${lines.join("\n").trimEnd()}\n`;
}

function setting(schemas, option, name) {
  const value = option.fallback ?? option.example;
  if (value === undefined) throw new Error(`${option.key} has neither a default nor an example`);
  const expected = ["path", "text"].includes(option.kind.type) ? "" : ` (${schemas.expectation(option)})`;
  const unset = option.fallback === undefined ? " Not set by default." : "";
  return [...comment(`${option.help}${expected}.${unset}`), `#${name} = ${schemas.tomlValue(value)}`, ""];
}

function hostSection(options) {
  return [
    ...comment(
      `For destinations whose host matches: patterns with spaces between, * for any characters, ? for one, ! before what is excepted. The first section that matches and has a key wins. Keys: ${options.map((option) => option.key).join(", ")}.`,
    ),
    '#[host."db* !db9"]',
    '#user = "postgres"',
    "#server_port = 50505",
    "",
  ];
}

function tableOf(option) {
  return option.key.slice(0, option.key.lastIndexOf("."));
}

/** Node 20 has no Map.groupBy. */
function grouped(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

const WIDTH = 100;

function comment(text) {
  const lines = [];
  let line = "#";
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = "#";
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
