// `pnpm conformance`: bundles the suite and this project's testee, then runs them. See spec/13-conformance.md.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSuite } from "./conformance/build.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
await buildSuite();
const { status } = spawnSync(
  process.execPath,
  [join(root, "conformance/dist/conformance.js"), ...process.argv.slice(2)],
  { stdio: "inherit" },
);
process.exitCode = status ?? 2;
