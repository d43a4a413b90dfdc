import { create, toBinary, fromBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { millis, UsageError } from "libmoshpit/util";
import {
  CreateRequestSchema,
  DestroyRequestSchema,
  EffectsSchema,
  StepRequestSchema,
} from "../../src/gen/moshpit/conformance/v1/testee_pb.js";
import { Session } from "../../src/peer/session.js";
import type { SetupOptions } from "../../src/peer/setup.js";
import type { CaseContext, RoleName } from "../../src/run/case.js";
import type { Testee } from "../../src/testee/testee.js";
import { Endpoints } from "./endpoints.js";

/** The endpoints of this process instead of a child's, over the same messages. */
class LocalTestee {
  readonly #endpoints = new Endpoints();
  #count = 0;

  newEndpoint(): number {
    return ++this.#count;
  }

  destroy(endpoint: number): Promise<unknown> {
    return this.ask("destroy", { endpoint });
  }

  ask(name: string, value: object): Promise<unknown> {
    const effects =
      name === "create"
        ? this.#endpoints.create(create(CreateRequestSchema, value))
        : name === "step"
          ? this.#endpoints.step(create(StepRequestSchema, value))
          : this.#endpoints.destroy(create(DestroyRequestSchema, value).endpoint);
    return Promise.resolve(
      fromBinary(EffectsSchema, toBinary(EffectsSchema, create(EffectsSchema, effects))),
    );
  }
}

async function open(role: RoleName, options: SetupOptions = {}): Promise<Session> {
  const testee = new LocalTestee() as unknown as Testee;
  const context: CaseContext = { testee, role, seed: 1, log: [] };
  return await Session.settled(context, options);
}

describe.each(["client", "server"] as const)("an endpoint of this project's testee, a %s", (role) => {
  it("lives on the time of the requests (CF-TST-003)", async () => {
    const session = await open(role);
    const { subject } = session;
    const [due, packets] = [subject.nextTimer, session.packets.length];
    await subject.advance();
    expect(subject.nextTimer).toBe(due);
    expect(session.packets.length).toBe(packets);
    subject.moveTo(due);
    await subject.advance();
    expect(session.packets.length).toBe(packets + 1);
    subject.now = millis(1);
    await expect(async () => subject.advance()).rejects.toThrow(UsageError);
  });

  it("takes what is delivered at once, or when it is told (CF-END-001)", async () => {
    const key = Uint8Array.of(1);
    const taking = await open(role);
    await taking.give([taking.peer.data(key)]);
    await taking.runFor(200);
    expect(taking.packets.at(-1)?.payload.heldFrames).toBe(0);
    const holding = await open(role, { manualTaking: true });
    await holding.give([holding.peer.data(key)]);
    await holding.runFor(200);
    expect(holding.packets.at(-1)?.payload.heldFrames).toBe(1);
    await holding.subject.step({ case: "taken", value: { octets: 1n } });
    await holding.give([holding.peer.data(key)]);
    await holding.runFor(200);
    expect(holding.packets.at(-1)?.payload.heldFrames).toBe(1);
  });

  it("says so where there is no such endpoint, or no session", async () => {
    const session = await open(role);
    await session.subject.destroy();
    await expect(async () => session.write(Uint8Array.of(1))).rejects.toThrow("there is no endpoint 1");
  });
});
