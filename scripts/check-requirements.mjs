// Every requirement of spec/ has a test that names it, and every test that names one names one that exists.
// A requirement is defined by its id in bold, **HS-HELLO-003**; a test names it in its title.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ID = /\b[A-Z]{2}-[A-Z0-9]+-\d{3}\b/g;
const DEFINITION = /\*\*([A-Z]{2}-[A-Z0-9]+-\d{3})\*\*/g;

function filesBelow(dir, wanted) {
  return readdirSync(join(root, dir), { recursive: true })
    .map((name) => join(root, dir, String(name)))
    .filter((file) => !file.includes("node_modules") && wanted(file) && statSync(file).isFile());
}

const definedIn = new Map();
const problems = [];
for (const file of filesBelow("spec", (name) => name.endsWith(".md"))) {
  for (const [, id] of readFileSync(file, "utf8").matchAll(DEFINITION)) {
    if (definedIn.has(id)) problems.push(`${id} is defined twice: ${relative(root, file)}`);
    definedIn.set(id, relative(root, file));
  }
}

const named = new Map();
const isTest = (name) => name.endsWith(".test.ts");
for (const file of ["packages", "test", "conformance"].flatMap((dir) => filesBelow(dir, isTest))) {
  for (const [id] of readFileSync(file, "utf8").matchAll(ID)) {
    if (!named.has(id)) named.set(id, relative(root, file));
  }
}

for (const [id, file] of definedIn) if (!named.has(id)) problems.push(`${id} (${file}) has no test`);
for (const [id, file] of named)
  if (!definedIn.has(id)) problems.push(`${id} (${file}) is in no chapter of spec/`);

if (definedIn.size === 0) problems.push("spec/ defines no requirement");
for (const problem of problems.sort()) console.error(problem);
console.log(`${definedIn.size} requirements, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
