// Bundles the programs, so that they start fast and need nothing but Node: packages/*/src/main.ts → packages/*/dist.
// `node scripts/bundle.mjs` bundles all, `node scripts/bundle.mjs mp-keygen` those that are named.
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

// `unused`: what only a part of the libraries needs that the program does not use; checked below.
const programs = {
  mp: { folder: "packages/moshpit", entries: { mp: "src/main.ts" }, unused: ["@inquirer/prompts", "sshpk"] },
  mps: {
    folder: "packages/moshpits",
    entries: { mps: "src/main.ts", "mps-host": "src/host/main.ts" },
    unused: ["@inquirer/prompts", "sshpk"],
  },
  "mp-keygen": { folder: "packages/moshpit-keygen", entries: { "mp-keygen": "src/main.ts" }, unused: [] },
};

/** CommonJS dependencies ask for Node's modules by `require`, which ES modules do not have. */
const REQUIRE = [
  'import { createRequire as __createRequire } from "node:module";',
  "const require = __createRequire(import.meta.url);",
].join("\n");

/**
 * yargs' argument parser comes from a module that also loads its terminal layout and its translations: some 20 ms of
 * each start. They only define things, so that what is not used can go.
 */
const pureYargs = {
  name: "pure-yargs",
  setup(bundle) {
    bundle.onResolve({ filter: /^(cliui|escalade|y18n|get-caller-file|string-width|\.)/ }, async (args) => {
      const inYargs = args.importer.includes(`${sep}node_modules${sep}yargs${sep}`);
      if (!inYargs || args.pluginData === pureYargs) return undefined;
      const found = await bundle.resolve(args.path, {
        kind: args.kind,
        resolveDir: args.resolveDir,
        importer: args.importer,
        pluginData: pureYargs,
      });
      return { path: found.path, external: found.external, errors: found.errors, sideEffects: false };
    });
  },
};

async function bundle(name) {
  const { folder, entries, unused } = programs[name];
  const base = join(root, folder);
  for (const entry of Object.values(entries)) {
    if (!existsSync(join(base, entry))) throw new Error(`${folder}/${entry} does not exist`);
  }
  const result = await build({
    absWorkingDir: base,
    entryPoints: Object.entries(entries).map(([out, entry]) => ({ out, in: entry })),
    outdir: "dist",
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: ["source"],
    external: ["node-pty", ...unused],
    banner: { js: REQUIRE },
    plugins: [pureYargs],
    sourcemap: true,
    sourcesContent: false,
    legalComments: "eof",
    metafile: true,
    write: false,
    logLevel: "warning",
  });
  if (result.warnings.length > 0) throw new Error(`${name}: esbuild warned; a warning is a fault here`);
  const imports = Object.values(result.metafile.outputs).flatMap((output) =>
    output.imports.map(({ path }) => path),
  );
  const missing = imports.find((path) => unused.includes(path));
  if (missing !== undefined) throw new Error(`${name} uses ${missing} now: it is to be bundled`);
  for (const file of result.outputFiles) {
    await mkdir(dirname(file.path), { recursive: true });
    await writeFile(file.path, file.contents);
  }
  await writeFile(join(base, "dist", LICENSES), await licenses(base, Object.keys(result.metafile.inputs)));
  await removeStale(join(base, "dist"), new Set(result.outputFiles.map((file) => file.path)));
  const octets = result.outputFiles.reduce(
    (sum, { path, contents }) => sum + (path.endsWith(".js") ? contents.length : 0),
    0,
  );
  console.log(`${folder}/dist: ${Object.keys(entries).join(", ")} (${Math.round(octets / 1024)} KiB)`);
}

const LICENSES = "THIRD-PARTY-LICENSES.txt";

/** The licence of every package of others that a bundle holds, which they ask to go with their code. */
async function licenses(base, inputs) {
  const folders = new Set();
  for (const input of inputs) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match) folders.add(join(base, match[1]));
  }
  const texts = [];
  for (const folder of [...folders].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((each) => /^licen[cs]e(\..*)?$/i.test(each));
    const text = file === undefined ? "" : `\n${(await readFile(join(folder, file), "utf8")).trim()}\n`;
    texts.push(`${name} ${version} (${license})\n${text}`);
  }
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

/** Chunks of an earlier bundle; the types that tsc put there stay. */
async function removeStale(dist, fresh) {
  for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const own = !relative(dist, path).startsWith(`types${sep}`);
    if (entry.isFile() && own && /\.js(\.map)?$/.test(entry.name) && !fresh.has(path)) await rm(path);
  }
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in programs));
if (unknown.length > 0) {
  console.error(`bundle: no program ${unknown.join(", ")}; there are ${Object.keys(programs).join(", ")}`);
  process.exit(2);
}
try {
  for (const name of wanted.length > 0 ? wanted : Object.keys(programs)) await bundle(name);
} catch (error) {
  console.error(`bundle: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
