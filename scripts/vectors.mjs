// Makes what packages/libmoshpit/test/vectors/ generates: conformance/vectors/*.json and the tables of spec/ that stand
// between `<!-- table: NAME -->` and `<!-- end -->`. With --check, writes nothing and fails if anything is stale.
import { build } from "esbuild";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const vectors = new URL("conformance/vectors/", root);
const spec = new URL("spec/", root);

/** The generator, compiled in memory. */
async function loadGenerator() {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("packages/libmoshpit/test/vectors/index.ts", root))],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: ["source"],
  });
  const source = Buffer.from(outputFiles[0].contents).toString("base64");
  return import(`data:text/javascript;base64,${source}`);
}

/** A chapter with its tables made anew. */
function withTables(name, text, tables) {
  return Object.entries(tables).reduce((chapter, [table, make]) => {
    const place = new RegExp(`(<!-- table: ${table} -->\n)[^]*?(<!-- end -->)`);
    if (!place.test(chapter)) throw new Error(`spec/${name} has no place for the table ${table}`);
    return chapter.replace(place, `$1\n${make()}\n\n$2`);
  }, text);
}

/** Every file that is made, as pairs of URL and content. */
async function makeFiles({ VECTORS, SPEC_TABLES }) {
  const files = Object.entries(VECTORS).map(([name, make]) => [
    new URL(`${name}.json`, vectors),
    `${JSON.stringify(make(), null, 2)}\n`,
  ]);
  for (const [name, tables] of Object.entries(SPEC_TABLES)) {
    const chapter = new URL(name, spec);
    files.push([chapter, withTables(name, await readFile(chapter, "utf8"), tables)]);
  }
  return files;
}

/** What is wrong, one line each. */
async function findStale(files) {
  const made = new Set(files.map(([url]) => url.href));
  const strays = (await readdir(vectors))
    .map((name) => new URL(name, vectors))
    .filter(({ href }) => !made.has(href));
  const problems = strays.map((url) => `${nameOf(url)} is not made by this script`);
  for (const [url, content] of files) {
    const present = await readFile(url, "utf8").catch((error) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (present !== content)
      problems.push(`${nameOf(url)} is ${present === undefined ? "missing" : "stale"}`);
  }
  return problems;
}

function nameOf(url) {
  return fileURLToPath(url).slice(fileURLToPath(root).length);
}

await mkdir(vectors, { recursive: true });
const files = await makeFiles(await loadGenerator());
if (process.argv.includes("--check")) {
  const problems = await findStale(files);
  for (const problem of problems) console.error(`${problem}: run pnpm vectors`);
  process.exitCode = problems.length > 0 ? 1 : 0;
} else {
  for (const [url, content] of files) await writeFile(url, content);
}
console.log(`${files.length} generated files`);
