// Installs and builds what is missing or stale, with Node's own modules alone: it runs before anything is installed.
// `node scripts/bootstrap.mjs` does that and nothing more.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamps = join(root, "node_modules/.moshpit");

/** What a build leaves; without one of these it is repeated. */
const programs = [
  "moshpit/dist/mp.js",
  "moshpits/dist/mps.js",
  "moshpits/dist/mps-host.js",
  "moshpit-keygen/dist/mp-keygen.js",
];

/** Makes the tree ready to run. What it does is told on standard error; throws an Error with one line. */
export function bootstrap() {
  requireNode();
  const lock = hash(readFileSync(join(root, "pnpm-lock.yaml")));
  if (readStamp("install") !== lock && !installedByHand()) {
    const pnpm = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager;
    say("installing");
    // A stale answer to "may I remove node_modules?" would wait for a person.
    run("npx", ["--yes", pnpm, "install", "--frozen-lockfile", "--config.confirm-modules-purge=false"]);
    writeStamp("install", lock);
  }
  const sources = hash(listSources().join("\n") + lock);
  if (
    readStamp("build") !== sources ||
    !programs.every((program) => existsSync(join(root, "packages", program)))
  ) {
    say("building");
    rmSync(join(stamps, "build"), { force: true });
    run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-b"]);
    run(process.execPath, [join(root, "scripts/bundle.mjs")]);
    writeStamp("build", sources);
  }
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Error(
    `moshpit needs Node.js 20.19 or newer, this is ${process.versions.node}: see https://nodejs.org/`,
  );
}

/** pnpm keeps the lockfile that it installed. */
function installedByHand() {
  const installed = join(root, "node_modules/.pnpm/lock.yaml");
  if (!existsSync(installed) || !existsSync(join(root, "node_modules/.modules.yaml"))) return false;
  return readFileSync(installed, "utf8") === readFileSync(join(root, "pnpm-lock.yaml"), "utf8");
}

/** One line a file that goes into the build: its name, size and time of change. */
function listSources() {
  const lines = [];
  const file = (path) => {
    const { size, mtimeMs } = statSync(join(root, path));
    lines.push(`${path} ${size} ${mtimeMs}`);
  };
  const folder = (path) => {
    for (const entry of readdirSync(join(root, path), { withFileTypes: true })) {
      const name = `${path}/${entry.name}`;
      if (entry.isDirectory()) folder(name);
      else if (/\.(ts|json)$/.test(entry.name) && !entry.name.endsWith(".test.ts")) file(name);
    }
  };
  for (const name of readdirSync(join(root, "packages"))) {
    for (const each of ["package.json", "tsconfig.json"])
      if (existsSync(join(root, "packages", name, each))) file(`packages/${name}/${each}`);
    if (existsSync(join(root, "packages", name, "src"))) folder(`packages/${name}/src`);
  }
  for (const name of ["tsconfig.json", "tsconfig.base.json", "scripts/bundle.mjs"]) file(name);
  return lines.sort();
}

function run(command, args) {
  // Standard output belongs to the program that was asked for.
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (error !== undefined) throw new Error(`${command} could not be started: ${error.message}`);
  if (status !== 0) throw new Error(`${[command, ...args].join(" ")} failed, see above`);
}

function say(doing) {
  process.stderr.write(`moshpit: ${doing} …\n`);
}

function hash(content) {
  return createHash("sha256").update(content).digest("hex");
}

function readStamp(name) {
  const path = join(stamps, name);
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

function writeStamp(name, content) {
  mkdirSync(stamps, { recursive: true });
  writeFileSync(join(stamps, name), content);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    bootstrap();
  } catch (error) {
    process.stderr.write(`moshpit: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
