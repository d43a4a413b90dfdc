// Writes what is made from the schemas of the programs: manual pages, completions, example configuration files.
// `node scripts/surface.mjs` writes them, `--check` fails where one is not what would be written.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bash, describeKeygen, describeProgram, fish, zsh } from "./surface/completions.mjs";
import { exampleFile } from "./surface/example-file.mjs";
import { filePage, keygenPage, programPage, tomlName } from "./surface/man.mjs";
import { loadSchemas } from "./surface/schema.mjs";
import { MP, MP_KEYGEN, MPS } from "./surface/texts.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Path below the root, and text, of each file. */
async function files() {
  const schemas = await loadSchemas(root);
  const programs = [
    ["packages/moshpit", schemas.CLIENT_PROGRAM, MP],
    ["packages/moshpits", schemas.SERVER_PROGRAM, MPS],
  ];
  return [
    ...programs.flatMap(([folder, program, texts]) => [
      [`${folder}/man/${program.name}.${texts.section}`, programPage(schemas, program, texts)],
      [`${folder}/man/${tomlName(program)}.5`, filePage(schemas, program, texts)],
      [`${folder}/examples/${tomlName(program)}`, exampleFile(schemas, program)],
      ...completions(folder, describeProgram(program)),
    ]),
    ["packages/moshpit-keygen/man/mp-keygen.1", keygenPage(schemas, MP_KEYGEN)],
    ...completions("packages/moshpit-keygen", describeKeygen(schemas)),
  ];
}

function completions(folder, program) {
  return [
    [`${folder}/completions/${program.name}.bash`, bash(program)],
    [`${folder}/completions/_${program.name}`, zsh(program)],
    [`${folder}/completions/${program.name}.fish`, fish(program)],
  ];
}

async function current(path) {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

const isCheck = process.argv.includes("--check");
const stale = [];
for (const [name, text] of await files()) {
  const path = join(root, name);
  if ((await current(path)) === text) continue;
  stale.push(name);
  if (isCheck) continue;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
if (isCheck && stale.length > 0) {
  console.error(`surface: not what the schemas say, run node scripts/surface.mjs: ${stale.join(", ")}`);
  process.exitCode = 1;
} else {
  console.log(isCheck ? "surface: everything is current" : `surface: wrote ${stale.length} files`);
}
