import type { MessageInitShape } from "@bufbuild/protobuf";
import { concatBytes, micros, NEVER, type Micros } from "libmoshpit/util";
import type { WindowSize } from "libmoshpit/wire";
import {
  Role,
  type CreateRequestSchema,
  type Effects,
  type StepRequestSchema,
} from "../gen/moshpit/conformance/v1/testee_pb.js";
import type { Close } from "../gen/moshpit/v1/packet_pb.js";
import { must, type CaseContext } from "../run/case.js";

export type StepInput = NonNullable<MessageInitShape<typeof StepRequestSchema>["input"]>;
type CreateInit = Omit<
  MessageInitShape<typeof CreateRequestSchema>,
  "$typeName" | "endpoint" | "role" | "now"
>;

/** A testee that asks for an advance at once, again and again, is stopped after so many. */
const MOST_ADVANCES_AT_ONCE = 1_000;

/** What a testee put out that is not a datagram, and when. */
export interface Delivery {
  readonly at: Micros;
  readonly bytes: Uint8Array;
  readonly standardError: boolean;
}

/** One endpoint in the testee, and all that it did. */
export class Subject {
  now: Micros;
  nextTimer: Micros = NEVER;
  readonly tcp: Uint8Array[] = [];
  tcpEnded = false;
  readonly deliveries: Delivery[] = [];
  readonly ended: { readonly standardError: boolean }[] = [];
  readonly resizes: WindowSize[] = [];
  readonly closes: Close[] = [];
  /** Called for each datagram, in order. */
  onDatagram: (address: string, bytes: Uint8Array) => void = () => undefined;
  readonly #context: CaseContext;
  readonly #endpoint: number;
  #advances = 0;

  private constructor(context: CaseContext, now: Micros) {
    this.#context = context;
    this.now = now;
    this.#endpoint = context.testee.newEndpoint();
  }

  static async create(context: CaseContext, now: Micros, init: CreateInit): Promise<Subject> {
    const subject = new Subject(context, now);
    const role = context.role === "client" ? Role.CLIENT : Role.SERVER;
    const effects = await context.testee.ask("create", {
      ...init,
      endpoint: subject.#endpoint,
      role,
      now: BigInt(now),
    });
    subject.#take(effects);
    return subject;
  }

  /** One input at the present moment. */
  async step(input: StepInput): Promise<void> {
    if (input.case === "resume") this.tcpEnded = false;
    const request = { endpoint: this.#endpoint, now: BigInt(this.now), input };
    this.#take(await this.#context.testee.ask("step", request));
  }

  /** Lets the timer fire that is due at the present moment. */
  async advance(): Promise<void> {
    this.#advances += 1;
    must(
      this.#advances <= MOST_ADVANCES_AT_ONCE,
      undefined,
      `the testee asked ${MOST_ADVANCES_AT_ONCE} times for an advance at ${this.now / 1000} ms`,
    );
    await this.step({ case: "advance", value: {} });
  }

  /** Time passes. */
  moveTo(now: Micros): void {
    if (now > this.now) this.#advances = 0;
    this.now = micros(Math.max(now, this.now));
  }

  /** What was delivered on a stream. */
  delivered(standardError = false): Uint8Array {
    return concatBytes(
      ...this.deliveries.filter((each) => each.standardError === standardError).map(({ bytes }) => bytes),
    );
  }

  async destroy(): Promise<void> {
    await this.#context.testee.destroy(this.#endpoint);
  }

  #take({ effects, nextTimer }: Effects): void {
    this.nextTimer = nextTimer === undefined ? NEVER : micros(Number(nextTimer));
    for (const { effect } of effects) {
      switch (effect.case) {
        case "tcp":
          this.tcp.push(effect.value.octets);
          break;
        case "tcpEnd":
          this.tcpEnded = true;
          break;
        case "datagram":
          this.onDatagram(effect.value.address, effect.value.octets);
          break;
        case "delivered": {
          const { octets, standardError } = effect.value;
          this.deliveries.push({ at: this.now, bytes: octets, standardError });
          break;
        }
        case "ended":
          this.ended.push({ standardError: effect.value.standardError });
          break;
        case "resize":
          this.resizes.push(effect.value);
          break;
        case "close":
          this.closes.push(effect.value);
          break;
        case "event":
          this.#tell(effect.value.name, effect.value.detail);
          break;
        case undefined:
          must(false, undefined, "an effect without content");
      }
    }
  }

  #tell(name: string, detail: string): void {
    const at = (this.now / 1000).toFixed(3).padStart(12);
    this.#context.log.push(`${at} ms testee says: ${name} ${detail}`);
  }
}
