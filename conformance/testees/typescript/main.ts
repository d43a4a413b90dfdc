import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { UsageError } from "libmoshpit/util";
import { FrameStream, framed } from "../../src/protocol/frame-stream.js";
import {
  ErrorKind,
  Level,
  RequestSchema,
  ResponseSchema,
  Role,
  type Request,
} from "../../src/gen/moshpit/conformance/v1/testee_pb.js";
import { Endpoints } from "./endpoints.js";
import { answerPrimitive, type Answer } from "./primitives.js";

/** Of the testee protocol. */
const VERSION = 1;

/** This project's machines behind the testee protocol: one response to each request, nothing of its own accord. */
const endpoints = new Endpoints();
const stream = new FrameStream();

process.stdin.on("data", (bytes: Uint8Array) => {
  for (const message of stream.push(bytes)) {
    const response = answer(fromBinary(RequestSchema, message));
    process.stdout.write(framed(toBinary(ResponseSchema, create(ResponseSchema, { response }))));
  }
});
process.stdin.on("end", () => process.exit(0));

function answer(request: Request): Answer {
  try {
    return answered(request.request);
  } catch (error) {
    const kind = error instanceof UsageError ? ErrorKind.USAGE : ErrorKind.INTERNAL;
    const text = error instanceof Error ? error.message : String(error);
    return { case: "error", value: { kind, text } };
  }
}

function answered(request: Request["request"]): Answer {
  switch (request.case) {
    case undefined:
      return { case: "error", value: { kind: ErrorKind.UNSUPPORTED, text: "not a request that is known" } };
    case "hello":
      return {
        case: "hello",
        value: {
          version: VERSION,
          name: "libmoshpit",
          implementationVersion: "0.1.0",
          roles: [Role.CLIENT, Role.SERVER],
          levels: [Level.VECTORS, Level.PRIMITIVES, Level.ENDPOINTS],
          features: ["x25519", "x25519-mlkem768", "hmac-sha512-256", "pipes", "resume"],
        },
      };
    case "create":
      return { case: "effects", value: endpoints.create(request.value) };
    case "step":
      return { case: "effects", value: endpoints.step(request.value) };
    case "destroy":
      return { case: "effects", value: endpoints.destroy(request.value.endpoint) };
    default:
      return answerPrimitive(request);
  }
}
