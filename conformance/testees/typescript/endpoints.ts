import type { MessageInitShape } from "@bufbuild/protobuf";
import { UsageError } from "libmoshpit/util";
import type {
  CreateRequest,
  EffectsSchema,
  StepRequest,
} from "../../src/gen/moshpit/conformance/v1/testee_pb.js";
import { Endpoint } from "./endpoint.js";

export type EffectsInit = MessageInitShape<typeof EffectsSchema>;

/** The endpoints of one testee, by the runner's numbers. */
export class Endpoints {
  readonly #byNumber = new Map<number, Endpoint>();

  create(request: CreateRequest): EffectsInit {
    if (this.#byNumber.has(request.endpoint)) throw new UsageError(`endpoint ${request.endpoint} exists`);
    const endpoint = new Endpoint(request);
    this.#byNumber.set(request.endpoint, endpoint);
    return endpoint.drain();
  }

  step(request: StepRequest): EffectsInit {
    const endpoint = this.#byNumber.get(request.endpoint);
    if (endpoint === undefined) throw new UsageError(`there is no endpoint ${request.endpoint}`);
    endpoint.step(request);
    return endpoint.drain();
  }

  destroy(endpoint: number): EffectsInit {
    if (!this.#byNumber.delete(endpoint)) throw new UsageError(`there is no endpoint ${endpoint}`);
    return {};
  }
}
