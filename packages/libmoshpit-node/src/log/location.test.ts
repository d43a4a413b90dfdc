import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

describe("callerLocation", () => {
  it("names the TypeScript also from within a bundle", async () => {
    const folder = mkdtempSync(join(tmpdir(), "moshpit-location-"));
    try {
      const entry = join(folder, "src", "deep", "caller.ts");
      const lines = [
        `import { openLog } from ${JSON.stringify(join(import.meta.dirname, "open.ts"))};`,
        `interface Padding { readonly x: number }`,
        `const layer = { withTarget: false, withThreadIds: false, withThreadNames: false, withLineNumber: true, withLevel: false, directives: [] };`,
        `const file = { path: "/nonexistent/log", verbosity: -9, layer };`,
        `const log = openLog({ verbosity: 0, stdout: { enabled: true, layer }, file }, { target: "t", role: "r" });`,
        `const unused: Padding = { x: 1 };`,
        `void unused;`,
        `log.info("here");`,
        `await log.close();`,
      ];
      mkdirSync(join(folder, "src", "deep"), { recursive: true });
      writeFileSync(entry, lines.join("\n"));
      await build({
        entryPoints: [entry],
        bundle: true,
        platform: "node",
        format: "esm",
        conditions: ["source"],
        sourcemap: true,
        sourcesContent: false,
        banner: {
          js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
        },
        outfile: join(folder, "dist", "out.mjs"),
      });
      const { stderr } = run(join(folder, "dist", "out.mjs"));
      expect(stderr).toMatch(/Z deep\/caller\.ts:8: here\n$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function run(program: string): { readonly stderr: string } {
  return {
    stderr: execFileSync("sh", ["-c", 'exec "$0" "$1" 2>&1', process.execPath, program], {
      encoding: "utf8",
    }),
  };
}
