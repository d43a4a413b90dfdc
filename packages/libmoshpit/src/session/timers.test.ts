import { describe, expect, it } from "vitest";
import { micros, NEVER } from "../util/index.js";
import { Timers } from "./timers.js";

describe("named deadlines", () => {
  it("have one that is next, and are taken when due, the earliest first", () => {
    const timers = new Timers<"a" | "b" | "c">();
    expect(timers.next).toBe(NEVER);
    timers.set("a", micros(30));
    timers.set("b", micros(10));
    timers.set("c", micros(20));
    expect(timers.next).toBe(10);
    expect(timers.takeDue(micros(9))).toEqual([]);
    expect(timers.takeDue(micros(25))).toEqual(["b", "c"]);
    expect(timers.at("b")).toBe(NEVER);
    expect(timers.next).toBe(30);
  });

  it("can be moved and disarmed", () => {
    const timers = new Timers<"a" | "b">();
    timers.set("a", micros(30));
    timers.set("a", micros(50));
    expect(timers.at("a")).toBe(50);
    timers.set("a", NEVER);
    expect(timers.next).toBe(NEVER);
    timers.set("b", micros(1));
    timers.clearAll();
    expect(timers.takeDue(micros(100))).toEqual([]);
  });
});
