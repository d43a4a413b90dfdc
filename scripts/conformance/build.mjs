// Bundles the conformance suite: the runner, this project's testee, and its mutants.
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
    ],
    outdir: join(folder, "dist"),
    sourcemap: true,
    sourcesContent: false,
  });
}
