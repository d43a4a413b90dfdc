import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { PatientOutput } from "./output.js";

/** A reader that takes a write when told to. */
function slowReader(): { stream: Writable; taken: string[]; take: () => void } {
  const waiting: (() => void)[] = [];
  const taken: string[] = [];
  const stream = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      waiting.push(() => {
        taken.push(chunk.toString());
        done();
      });
    },
  });
  return { stream, taken, take: () => waiting.shift()?.() };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("PatientOutput", () => {
  it("tells when each write was taken, in order, and when all were", async () => {
    const { stream, taken, take } = slowReader();
    const output = new PatientOutput(stream, () => undefined);
    const told: string[] = [];
    output.write(Buffer.from("one"), () => told.push("one"));
    output.write(Buffer.from("two"), () => told.push("two"));
    void output.flushed().then(() => told.push("all"));
    await turn();
    expect([told, output.pendingOctets]).toEqual([[], 6]);
    take();
    await turn();
    expect([told, output.pendingOctets]).toEqual([["one"], 3]);
    take();
    await turn();
    expect([told, taken, output.pendingOctets]).toEqual([["one", "two", "all"], ["one", "two"], 0]);
  });

  it("is flushed when nothing was written, and takes nothing at once", async () => {
    const output = new PatientOutput(slowReader().stream, () => undefined);
    await output.flushed();
    let taken = false;
    output.write(new Uint8Array(), () => (taken = true));
    expect(taken).toBe(true);
  });

  it("tells once that the reader is gone; later writes are taken and lost", async () => {
    const failures: string[] = [];
    const stream = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error("gone"), { code: "EPIPE" })),
    });
    const output = new PatientOutput(stream, (error) => failures.push(error.code ?? ""));
    const told: string[] = [];
    output.write(Buffer.from("a"), () => told.push("a"));
    output.write(Buffer.from("b"), () => told.push("b"));
    await output.flushed();
    await turn();
    output.write(Buffer.from("c"), () => told.push("c"));
    await output.flushed();
    expect(failures).toEqual(["EPIPE"]);
    expect(told).toEqual(["a", "b", "c"]);
  });

  it("tells the handle of a terminal not to wait", () => {
    const { stream } = slowReader();
    const blocking: boolean[] = [];
    Object.assign(stream, { _handle: { setBlocking: (value: boolean) => blocking.push(value) } });
    new PatientOutput(stream, () => undefined);
    expect(blocking).toEqual([false]);
  });
});
