import { closeSync, openSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { currentJob, isControllingTerminal, parseJob } from "./job.js";

describe("parseJob", () => {
  it.each([
    ["41 (mp) R 40 41 30 34816 41 4194304 0", { terminal: 34_816, foreground: true }],
    ["41 (mp) R 40 41 30 34816 30 4194304 0", { terminal: 34_816, foreground: false }],
    ["41 (a) b (c) S 40 41 30 34817 41 4194304 0", { terminal: 34_817, foreground: true }],
    ["41 (mp) S 40 41 41 0 -1 4194304 0", { terminal: 0, foreground: false }],
  ])("%s", (stat, job) => {
    expect(parseJob(stat)).toEqual(job);
  });

  it.each(["", "41 (mp) R 40", "41 (mp) R 40 x 30 y 41"])("knows nothing of %j", (stat) => {
    expect(parseJob(stat)).toBeUndefined();
  });
});

describe("isControllingTerminal", () => {
  it("tells the terminal from what is none", () => {
    const fd = openSync("/dev/null", "r");
    try {
      expect(isControllingTerminal(fd, { terminal: 34_816, foreground: true })).toBe(false);
      expect(isControllingTerminal(fd, { terminal: 0, foreground: false })).toBe(false);
      // /dev/null is device 1:3 everywhere on Linux.
      expect(isControllingTerminal(fd, { terminal: 0x103, foreground: true })).toBe(true);
    } finally {
      closeSync(fd);
    }
  });

  it("finds this process in /proc", () => {
    expect(currentJob()).toBeDefined();
  });
});
