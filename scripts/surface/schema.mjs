// The schemas of the programs, out of their TypeScript: nothing has to be built before.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const ENTRY = `
export * from "./packages/libmoshpit-node/src/config/index.ts";
export { COMMANDS, EXIT_STATUS, GLOBAL_OPTIONS } from "./packages/moshpit-keygen/src/program.ts";
`;

/** What libmoshpit-node/config and mp-keygen's own table export. */
export async function loadSchemas(root) {
  const folder = await mkdtemp(join(tmpdir(), "moshpit-surface-"));
  try {
    const { outputFiles } = await build({
      stdin: { contents: ENTRY, resolveDir: root, loader: "ts" },
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      conditions: ["source"],
      banner: {
        js: 'import { createRequire as __make } from "node:module"; const require = __make(import.meta.url);',
      },
      write: false,
      logLevel: "warning",
    });
    const path = join(folder, "schema.mjs");
    await writeFile(path, outputFiles[0].contents);
    return await import(pathToFileURL(path).href);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** `-s, --server-port PORT` as parts. */
export function flagsOf(options) {
  return options
    .filter((option) => option.flag !== undefined)
    .map((option) => ({ ...option.flag, help: option.help, option }));
}

/** The flags that every program has. */
export const HELP_AND_VERSION = [
  { long: "help", short: "h", help: "Print help" },
  { long: "version", short: "V", help: "Print version" },
];
