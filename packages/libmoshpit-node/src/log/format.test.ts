import { describe, expect, it } from "vitest";
import { formatLine, type LogRecord } from "./format.js";
import type { LogLayer } from "./settings.js";

const NOTHING: LogLayer = {
  withTarget: false,
  withThreadIds: false,
  withThreadNames: false,
  withLineNumber: false,
  withLevel: false,
  directives: [],
};
const origin = { role: "listener", processId: 4711, workerId: 2 };
const record: LogRecord = {
  time: Date.UTC(2026, 0, 31, 12),
  level: "warn",
  target: "moshpits::tcp",
  message: "refused",
  where: "tcp.ts:88",
};

describe("formatLine", () => {
  it.each([
    [{}, "refused"],
    [{ withLevel: true }, " WARN refused"],
    [{ withThreadNames: true }, "listener refused"],
    [{ withThreadIds: true }, "4711/2 refused"],
    [{ withTarget: true }, "moshpits::tcp: refused"],
    [{ withLineNumber: true }, "tcp.ts:88: refused"],
    [
      { withLevel: true, withThreadNames: true, withThreadIds: true, withTarget: true, withLineNumber: true },
      " WARN listener 4711/2 moshpits::tcp: tcp.ts:88: refused",
    ],
  ])("shows what %j asks for", (shown, text) => {
    expect(formatLine({ ...NOTHING, ...shown }, origin, record)).toBe(`2026-01-31T12:00:00.000Z ${text}\n`);
  });

  it("shows another process where the record comes from one", () => {
    const shown = { ...NOTHING, withThreadNames: true, withThreadIds: true };
    const host = { role: "host", processId: 12, workerId: 0 };
    expect(formatLine(shown, origin, { ...record, origin: host })).toMatch(/Z host 12\/0 refused\n$/);
  });

  it("lets no message begin a line, command a terminal or turn the writing round", () => {
    const message = "user \x1b]0;owned\x07\r\n2026 INFO forged\x9b1m\u2028\u202e\0 tab\tstays é";
    const line = formatLine(NOTHING, origin, { ...record, message });
    expect(line.slice(0, -1)).not.toMatch(/[\0-\x08\x0a-\x1f\x7f-\x9f\u2028\u202e]/);
    expect(line).toContain("user \\u{1b}]0;owned\\u{7}\\u{d}\\u{a}2026");
    expect(line).toContain("tab\tstays é\n");
  });

  it("cuts what is far too long", () => {
    expect(formatLine(NOTHING, origin, { ...record, message: "x".repeat(100_000) }).length).toBeLessThan(
      8_300,
    );
  });
});
