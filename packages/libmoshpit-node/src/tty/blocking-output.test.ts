import { describe, expect, it } from "vitest";
import { BlockingOutput, writesUnderWay, type Write } from "./blocking-output.js";
import { PatientOutput } from "./output.js";

type Done = Parameters<Write>[2];

function slowDescriptor(): {
  output: PatientOutput;
  waiting: { text: string; done: Done }[];
  failed: string[];
} {
  const waiting: { text: string; done: Done }[] = [];
  const failed: string[] = [];
  const stream = new BlockingOutput(7, (_fd, bytes, done) =>
    waiting.push({ text: Buffer.from(bytes).toString(), done }),
  );
  const output = new PatientOutput(stream, (error) => failed.push(error.code ?? ""));
  return { output, waiting, failed };
}

const fault = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });

describe("BlockingOutput", () => {
  it("writes one after the other, in parts where only a part is taken", async () => {
    const { output, waiting } = slowDescriptor();
    output.write(Buffer.from("hello"));
    output.write(Buffer.from("world"));
    expect([waiting.map(({ text }) => text), writesUnderWay()]).toEqual([["hello"], 1]);
    waiting[0]?.done(null, 2);
    waiting[1]?.done(null, 3);
    await Promise.resolve();
    expect(waiting.map(({ text }) => text)).toEqual(["hello", "llo", "world"]);
    waiting[2]?.done(null, 5);
    await output.flushed();
    expect([output.pendingOctets, writesUnderWay()]).toEqual([0, 0]);
  });

  it("tries again where nothing is taken at the moment", async () => {
    const { output, waiting, failed } = slowDescriptor();
    output.write(Buffer.from("x"));
    waiting[0]?.done(fault("EAGAIN"), 0);
    expect(writesUnderWay()).toBe(0);
    await expect.poll(() => waiting.length).toBe(2);
    waiting[1]?.done(null, 1);
    await output.flushed();
    expect(failed).toEqual([]);
  });

  it("tells that the reader is gone", async () => {
    const { output, waiting, failed } = slowDescriptor();
    output.write(Buffer.from("x"));
    waiting[0]?.done(fault("EIO"), 0);
    await expect.poll(() => failed).toEqual(["EIO"]);
    expect(writesUnderWay()).toBe(0);
  });
});
