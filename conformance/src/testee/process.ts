import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { RequestSchema, ResponseSchema, type Response } from "../gen/moshpit/conformance/v1/testee_pb.js";
import { framed, FrameStream } from "../protocol/frame-stream.js";

export type RequestInit = NonNullable<MessageInitShape<typeof RequestSchema>["request"]>;

/** The testee is not there any more. */
export class TesteeGone extends Error {
  override readonly name = "TesteeGone";
  readonly how: "crash" | "timeout";

  constructor(how: "crash" | "timeout", text: string) {
    super(text);
    this.how = how;
  }
}

/** What a testee wrote to standard error last, in characters. */
const KEPT_STANDARD_ERROR = 2_000;

interface Waiting {
  readonly resolve: (response: Response["response"]) => void;
  readonly reject: (error: TesteeGone) => void;
  readonly timer: NodeJS.Timeout;
}

/** One child process that speaks the testee protocol. Silent for too long, it is killed. */
export class TesteeProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #stream = new FrameStream();
  #waiting: Waiting | undefined;
  #gone: TesteeGone | undefined;
  #standardError = "";

  constructor(command: readonly [string, ...string[]]) {
    const [file, ...args] = command;
    this.#child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stdout.on("data", (bytes: Uint8Array) => this.#received(bytes));
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#standardError = (this.#standardError + text).slice(-KEPT_STANDARD_ERROR);
    });
    // What is written to a process that ended is told by its end.
    this.#child.stdin.on("error", () => undefined);
    this.#child.on("error", (error) => this.#fail("crash", error.message));
    this.#child.on("close", (status, signal) => {
      const how = signal === null ? `with status ${status}` : `by ${signal}`;
      this.#fail("crash", `the testee ended ${how}${this.#said}`);
    });
  }

  get isGone(): boolean {
    return this.#gone !== undefined;
  }

  /** The response. Rejects with `TesteeGone` if none comes within `patience` milliseconds; then it is killed. */
  request(request: RequestInit, patience: number): Promise<Response["response"]> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    if (this.#waiting !== undefined) throw new Error("one request at a time");
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#timedOut(patience, request.case ?? "nothing"), patience);
      this.#waiting = { resolve, reject, timer };
      this.#child.stdin.write(framed(toBinary(RequestSchema, create(RequestSchema, { request }))));
    });
  }

  /** Ends it. */
  kill(): void {
    this.#gone ??= new TesteeGone("crash", "the runner ended the testee");
    this.#child.stdin.end();
    this.#child.kill("SIGKILL");
  }

  get #said(): string {
    const text = this.#standardError.trim();
    return text === "" ? "" : `; its standard error ended with: ${text}`;
  }

  #received(bytes: Uint8Array): void {
    try {
      for (const message of this.#stream.push(bytes)) this.#answered(fromBinary(ResponseSchema, message));
    } catch (error) {
      this.#violated(`standard output is not the testee protocol: ${String(error)}`);
    }
  }

  #answered(response: Response): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return this.#violated("a response to no request");
    this.#waiting = undefined;
    clearTimeout(waiting.timer);
    waiting.resolve(response.response);
  }

  #violated(text: string): void {
    this.#fail("crash", text);
    this.#child.kill("SIGKILL");
  }

  #timedOut(patience: number, what: string): void {
    this.#fail("timeout", `no response to ${what} within ${patience} ms${this.#said}`);
    this.#child.kill("SIGKILL");
  }

  #fail(how: "crash" | "timeout", text: string): void {
    this.#gone ??= new TesteeGone(how, text);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) return;
    clearTimeout(waiting.timer);
    waiting.reject(this.#gone);
  }
}
