// The protocol definitions: well-formed, compatible with what was released, and the committed codecs are theirs.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const buf = join(root, "node_modules/.bin/buf");
/** The definitions as last released; `buf build -o proto/released.binpb` renews it. */
const released = join(root, "proto/released.binpb");
const templates = ["buf.gen.yaml", "buf.gen.host.yaml", "buf.gen.conformance.yaml"];

function run(...args) {
  execFileSync(buf, args, { cwd: root, stdio: "inherit", env: withLocalBin() });
}

function withLocalBin() {
  return { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH ?? ""}` };
}

function filesBelow(dir) {
  return readdirSync(dir, { recursive: true })
    .map(String)
    .filter((name) => statSync(join(dir, name)).isFile())
    .sort();
}

/** Generates into an empty place and compares every file with the committed one. */
function checkGenerated(template) {
  const out = readFileSync(join(root, template), "utf8").match(/out: (\S+)/)[1];
  const fresh = mkdtempSync(join(tmpdir(), "moshpit-codecs-"));
  try {
    run("generate", "--template", template, "--output", fresh);
    const expected = filesBelow(join(fresh, out));
    const committed = filesBelow(join(root, out));
    const differs = [...new Set([...expected, ...committed])].filter(
      (name) =>
        !expected.includes(name) ||
        !committed.includes(name) ||
        !readFileSync(join(fresh, out, name)).equals(readFileSync(join(root, out, name))),
    );
    if (differs.length > 0) {
      throw new Error(`${relative(root, join(root, out))} is stale (${differs.join(", ")}): run pnpm proto`);
    }
  } finally {
    rmSync(fresh, { recursive: true });
  }
}

try {
  run("lint");
  if (!existsSync(released)) throw new Error("proto/released.binpb is missing: nothing to compare with");
  run("breaking", "--against", released);
  for (const template of templates) checkGenerated(template);
} catch (error) {
  console.error(`check-proto: ${error.message}`);
  process.exit(1);
}
