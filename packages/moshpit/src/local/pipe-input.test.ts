import { PassThrough, Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { InputSink } from "./input.js";
import { PIPE_LIMIT, PipeInput } from "./pipe-input.js";

/** A sink that sends when told to. */
class SlowSink implements InputSink {
  received = 0;
  ends = 0;
  bufferedAmount = 0;

  write(bytes: Uint8Array): void {
    this.received += bytes.length;
    this.bufferedAmount += bytes.length;
  }

  end(): void {
    this.ends++;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe("PipeInput", () => {
  it("does not read before there is a session", async () => {
    const stream = new PassThrough();
    const input = new PipeInput(stream);
    stream.write("kept in the pipe");
    await turn();
    expect(stream.readableLength).toBe(16);
    input.drained();
    await turn();
    expect(stream.readableLength).toBe(16);
  });

  it("stops at the limit, goes on when drained, and passes the end on once", async () => {
    const chunk = new Uint8Array(65_536);
    const stream = Readable.from(Array.from({ length: 16 }, () => chunk));
    const sink = new SlowSink();
    const input = new PipeInput(stream);
    input.attach(sink);
    await turn();
    expect(sink.received).toBe(PIPE_LIMIT);
    sink.bufferedAmount = 0;
    input.drained();
    await turn();
    expect(sink.received).toBe(2 * PIPE_LIMIT);
    while (sink.ends === 0) {
      sink.bufferedAmount = 0;
      input.drained();
      await turn();
    }
    expect([sink.received, sink.ends]).toEqual([16 * 65_536, 1]);
  });

  it("takes input that can not be read any more as its end", async () => {
    const stream = new PassThrough();
    const sink = new SlowSink();
    new PipeInput(stream).attach(sink);
    stream.destroy(new Error("EIO"));
    await turn();
    expect(sink.ends).toBe(1);
  });

  it("reads nothing after stop", async () => {
    const stream = new PassThrough();
    const sink = new SlowSink();
    const input = new PipeInput(stream);
    input.attach(sink);
    stream.write("before");
    await turn();
    input.stop();
    await turn();
    expect([sink.received, stream.destroyed]).toEqual([6, true]);
  });
});
