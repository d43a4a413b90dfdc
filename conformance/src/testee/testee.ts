import { ErrorKind, type HelloResponse, type Response } from "../gen/moshpit/conformance/v1/testee_pb.js";
import { CaseFailure } from "../run/case.js";
import { TesteeGone, TesteeProcess, type RequestInit } from "./process.js";

/** The version of the testee protocol. */
export const TESTEE_PROTOCOL = 1;

const ERRORS = new Map<ErrorKind, string>([
  [ErrorKind.UNSUPPORTED, "unsupported"],
  [ErrorKind.USAGE, "usage"],
  [ErrorKind.INTERNAL, "internal"],
]);

type Name = NonNullable<RequestInit["case"]>;
type Responses = Exclude<Response["response"], { case: undefined }>;
type ResponseName<N extends Name> = N extends "create" | "step" | "destroy" ? "effects" : N;
export type ResponseTo<N extends Name> = Extract<Responses, { case: ResponseName<N> }>["value"];

/** A testee could not be used at all. */
export class TesteeUnusable extends Error {
  override readonly name = "TesteeUnusable";
}

export interface TesteeOptions {
  readonly command: readonly [string, ...string[]];
  /** Milliseconds until hello has to be answered. */
  readonly helloPatience: number;
  /** Milliseconds until any other request has to be answered. */
  readonly patience: number;
}

/** The testee: typed requests to a process that is started again when it went away. */
export class Testee {
  readonly #options: TesteeOptions;
  #process: TesteeProcess;
  #endpoints = 0;
  readonly #open = new Set<number>();

  private constructor(options: TesteeOptions, process: TesteeProcess) {
    this.#options = options;
    this.#process = process;
  }

  /** Starts it; throws `TesteeUnusable` unless it says hello in time. */
  static async start(options: TesteeOptions): Promise<{ testee: Testee; hello: HelloResponse }> {
    const process = new TesteeProcess(options.command);
    try {
      return { testee: new Testee(options, process), hello: await greet(process, options.helloPatience) };
    } catch (error) {
      process.kill();
      throw error;
    }
  }

  /** A number that no endpoint had. */
  newEndpoint(): number {
    this.#endpoints += 1;
    this.#open.add(this.#endpoints);
    return this.#endpoints;
  }

  /** The response of the request's kind. Throws `CaseFailure` on an error, `TesteeGone` if there is none. */
  async ask<N extends Name>(
    name: N,
    value: Extract<RequestInit, { case: N }>["value"],
  ): Promise<ResponseTo<N>> {
    const request = { case: name, value } as RequestInit;
    const response = await this.#process.request(request, this.#options.patience);
    if (response.case === "error") {
      const { kind, text } = response.value;
      throw new CaseFailure(
        undefined,
        `the testee answered ${name} with an error: ${ERRORS.get(kind) ?? kind}, ${text}`,
      );
    }
    const expected: string =
      name === "create" || name === "step" || name === "destroy" ? "effects" : String(name);
    if (response.case !== expected) {
      throw new CaseFailure(
        undefined,
        `the testee answered ${String(name)} with ${response.case ?? "nothing"}`,
      );
    }
    return response.value as ResponseTo<N>;
  }

  /** Forgets an endpoint. */
  async destroy(endpoint: number): Promise<void> {
    this.#open.delete(endpoint);
    await this.ask("destroy", { endpoint });
  }

  /** Forgets every endpoint that is left. */
  async destroyAll(): Promise<void> {
    for (const endpoint of this.#open) await this.destroy(endpoint);
  }

  /** Ends the process, and all endpoints with it; `revive` starts another. */
  discard(): void {
    this.#open.clear();
    this.#process.kill();
  }

  /** Makes sure that there is one; a fresh process, if the old one went away. Throws `TesteeUnusable`. */
  async revive(): Promise<void> {
    if (!this.#process.isGone) return;
    this.discard();
    this.#process = new TesteeProcess(this.#options.command);
    await greet(this.#process, this.#options.helloPatience);
  }

  stop(): void {
    this.#process.kill();
  }
}

async function greet(process: TesteeProcess, patience: number): Promise<HelloResponse> {
  try {
    const response = await process.request({ case: "hello", value: { version: TESTEE_PROTOCOL } }, patience);
    if (response.case === "error") throw new TesteeUnusable(`hello was answered: ${response.value.text}`);
    if (response.case !== "hello") throw new TesteeUnusable(`hello was answered with ${response.case}`);
    if (response.value.version !== TESTEE_PROTOCOL)
      throw new TesteeUnusable(`the testee speaks version ${response.value.version} of the testee protocol`);
    return response.value;
  } catch (error) {
    if (error instanceof TesteeGone) throw new TesteeUnusable(error.message);
    throw error;
  }
}
