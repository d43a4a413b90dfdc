// Bundles the conformance suite: the runner, this project's testee, and its mutants.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = fileURLToPath(new URL("../../conformance/", import.meta.url));

/** CommonJS dependencies ask for Node's modules by `require`, which ES modules do not have. */
const REQUIRE = [
  'import { createRequire as __createRequire } from "node:module";',
  "const require = __createRequire(import.meta.url);",
].join("\n");

const shared = {
  absWorkingDir: folder,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  conditions: ["source"],
  banner: { js: REQUIRE },
  logLevel: "warning",
};

/** Into conformance/dist: conformance.js and testee.js. */
export async function buildSuite() {
  await build({
    ...shared,
    entryPoints: [
      { in: "src/main.ts", out: "conformance" },
      { in: "testees/typescript/main.ts", out: "testee" },
      { in: "src/traces/main.ts", out: "traces" },
    ],
    outdir: join(folder, "dist"),
    sourcemap: true,
    sourcesContent: false,
  });
}

/**
 * The testee with one fault: conformance/dist/mutants/NAME.js, whose path is the result. Throws unless each of its
 * patches finds its place exactly once in what is bundled.
 */
export async function buildMutant({ name, patches }) {
  const outfile = join(folder, "dist/mutants", `${name}.js`);
  const found = patches.map(() => 0);
  const mutate = {
    name: "mutate",
    setup(bundle) {
      bundle.onLoad({ filter: /[/\\]libmoshpit[/\\]src[/\\].*\.ts$/ }, async ({ path }) => {
        let contents = await readFile(path, "utf8");
        patches.forEach(({ find, replace }, i) => {
          found[i] += contents.split(find).length - 1;
          contents = contents.replace(find, () => replace);
        });
        return { contents, loader: "ts" };
      });
    },
  };
  await build({ ...shared, entryPoints: ["testees/typescript/main.ts"], outfile, plugins: [mutate] });
  found.forEach((count, i) => {
    if (count !== 1)
      throw new Error(`mutant ${name}: ${count} places for its patch ${i + 1}, there has to be one`);
  });
  return outfile;
}

/** What records traces; its path is the result. It finds the programs from where it lies. */
export async function buildRecorder() {
  const outfile = join(folder, "dist/record/record.js");
  await build({ ...shared, entryPoints: ["record/main.ts"], outfile, external: ["node-pty"] });
  return outfile;
}
