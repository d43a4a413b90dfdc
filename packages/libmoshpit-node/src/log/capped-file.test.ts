import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CappedFile } from "./capped-file.js";

let folder = "";
let path = "";
let failures: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moshpit-log-"));
  path = join(folder, "logs", "deep", "a.log");
  failures = [];
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const open = (cap?: number): CappedFile => new CappedFile(path, (text) => failures.push(text), cap);

describe("CappedFile", () => {
  it("makes its directory and file for the owner alone, with the first line", () => {
    const file = open();
    expect(existsSync(path)).toBe(false);
    file.write("one\n");
    expect(readFileSync(path, "utf8")).toBe("one\n");
    expect([statSync(path).mode & 0o777, statSync(join(folder, "logs")).mode & 0o777]).toEqual([
      0o600, 0o700,
    ]);
    file.close();
  });

  it("appends to what is there", () => {
    open().write("one\n");
    open().write("two\n");
    expect(readFileSync(path, "utf8")).toBe("one\ntwo\n");
  });

  it("stays below its cap and keeps one older file", () => {
    const file = open(100);
    for (let i = 0; i < 50; i++) {
      file.write(`line ${String(i).padStart(4, "0")}\n`);
      expect(statSync(path).size).toBeLessThanOrEqual(100);
    }
    const lines = `${readFileSync(`${path}.1`, "utf8")}${readFileSync(path, "utf8")}`.trim().split("\n");
    expect(lines.length).toBeGreaterThan(10);
    expect(lines).toEqual(
      Array.from(
        { length: lines.length },
        (_, i) => `line ${String(50 - lines.length + i).padStart(4, "0")}`,
      ),
    );
  });

  it("counts what was in the file before", () => {
    open(100).write(`${"x".repeat(90)}\n`);
    open(100).write("more than fits\n");
    expect(readFileSync(path, "utf8")).toBe("more than fits\n");
  });

  it("goes on in the new file where another process rotated", () => {
    const [one, two] = [open(100), open(100)];
    one.write(`${"a".repeat(60)}\n`);
    two.write("b\n");
    for (let i = 0; i < 3; i++) one.write("a23456789\n");
    one.write("after rotation by one\n");
    two.write(`${"b".repeat(97)}\n`);
    two.write("end\n");
    expect(readFileSync(`${path}.1`, "utf8")).toContain("after rotation by one");
    expect(readFileSync(path, "utf8")).toBe("end\n");
    expect(failures).toEqual([]);
  });

  it("tells once that it can not write, and goes on when it can", () => {
    writeFileSync(join(folder, "logs"), "in the way");
    const file = open();
    file.write("lost\n");
    file.write("lost\n");
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatch(/^the log can not be written: .*logs/);
    rmSync(join(folder, "logs"));
    file.write("kept\n");
    expect(readFileSync(path, "utf8")).toBe("kept\n");
    chmodSync(path, 0o600);
    appendFileSync(path, "by hand\n");
    file.write("kept too\n");
    expect(readFileSync(path, "utf8")).toBe("kept\nby hand\nkept too\n");
  });
});
