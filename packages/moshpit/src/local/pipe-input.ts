import type { Readable } from "node:stream";
import type { InputSink, LocalInput } from "./input.js";

/** Input waits in the pipe beyond this many octets on their way; spec/07-recovery.md. */
export const PIPE_LIMIT: number = 256 * 1_024;

/** Standard input that is no terminal: read as it can be sent, its end passed on. */
export class PipeInput implements LocalInput {
  readonly #stream: Readable;
  #sink: InputSink | undefined;
  #ended = false;

  constructor(stream: Readable) {
    this.#stream = stream;
  }

  /** Not read before: until there is a session the writer waits. */
  attach(sink: InputSink): void {
    this.#sink = sink;
    this.#stream.on("data", (bytes: Uint8Array) => {
      sink.write(bytes);
      if (sink.bufferedAmount >= PIPE_LIMIT) this.#stream.pause();
    });
    this.#stream.on("end", () => this.#end());
    // What can not be read any more has ended.
    this.#stream.on("error", () => this.#end());
  }

  drained(): void {
    if (this.#sink !== undefined) this.#stream.resume();
  }

  pause(): void {
    if (this.#sink !== undefined) this.#stream.pause();
  }

  resume(): void {
    this.drained();
  }

  stop(): void {
    this.#stream.removeAllListeners("data");
    this.#stream.destroy();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink?.end();
  }
}
