import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RejectCode } from "../wire/index.js";

const spec = readFileSync(new URL("../../../../spec/11-errors.md", import.meta.url), "utf8");

/** The first cells of the tables of one section, without code marks. */
function firstCells(section: string): string[][] {
  const text = spec.split(`## ${section}`)[1]!.split("\n## ")[0]!;
  const rows = text.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) => row.split("|").map((cell) => cell.replaceAll("`", "").trim()));
}

/** What `new PeerError("…")`, `malformed(…)` and the server's choices name in a folder. */
function codesIn(folder: string, wanted: RegExp): string[] {
  const url = new URL(folder, import.meta.url);
  return readdirSync(url)
    .filter((name) => wanted.test(name) && !name.endsWith(".test.ts"))
    .map((name) => readFileSync(new URL(name, url), "utf8"))
    .flatMap((source) => [...source.matchAll(/(?:new PeerError\(\s*|error: )"([a-z-]+)"/g)])
    .map(([, code]) => code!);
}

describe("the registry of errors", () => {
  it("has exactly the error codes that the handshake's sources name (ER-CODE-001)", () => {
    const used = [
      ...codesIn("./", /\.ts$/),
      ...codesIn("../wire/", /^(framing|strict|handshake-messages.*)\.ts$/),
    ];
    const listed = firstCells("11.2").map(([, code]) => code!);
    expect(listed.length).toBe(15);
    expect([...new Set(used)].sort()).toEqual([...listed].sort());
  });

  it("has exactly the reject codes of handshake.proto", () => {
    const listed = firstCells("11.1").map(([, value, code]) => [code, Number(value)]);
    expect([["UNSPECIFIED", 0], ...listed]).toEqual(Object.entries(RejectCode));
  });
});
