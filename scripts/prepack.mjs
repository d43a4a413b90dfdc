// Before `npm pack` or `npm publish` of a package, in its folder: the licences go with it, and what it promises is there.
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const here = process.cwd();
const manifest = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

for (const name of ["LICENSE-APACHE", "LICENSE-MIT"]) copyFileSync(join(root, name), join(here, name));

const promised = [
  ...Object.values(manifest.exports ?? {}).flatMap((conditions) => Object.values(conditions)),
  ...Object.values(manifest.bin ?? {}),
  // What the shims of the programs load.
  ...Object.keys(manifest.bin ?? {}).map((name) => `./dist/${name}.js`),
  ...(manifest.man ?? []),
  "README.md",
];
const missing = promised.filter((path) => !existsSync(join(here, path)));
if (missing.length > 0) {
  console.error(`${manifest.name}: ${missing.join(", ")} is not there: pnpm build`);
  process.exit(1);
}
const foreign = Object.entries(manifest.dependencies ?? {}).filter(([, range]) =>
  range.startsWith("workspace:"),
);
if (foreign.length > 0) {
  console.error(
    `${manifest.name}: ${foreign.map(([name]) => name).join(", ")} can not be installed outside of here`,
  );
  process.exit(1);
}
