import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  failure,
  makeClient,
  makeServer,
  Pair,
  SESSION,
  type ClientEndpoint,
  type PairOptions,
  type ServerEndpoint,
} from "../../test/handshake-harness.js";
import { memoizedCrypto } from "../../test/memoized-crypto.js";
import { micros, UsageError } from "../util/index.js";
import { KeyExchangeGroup } from "../wire/index.js";

const NOW = micros(3);

/** What spec/11-errors.md lists for a handshake. */
const CODES = [
  "malformed-message",
  "frame-too-large",
  "unexpected-message",
  "connection-closed",
  "unsupported-version",
  "unsupported-group",
  "unsupported-suite",
  "illegal-choice",
  "downgrade",
  "bad-key-share",
  "bad-seal",
  "own-key",
  "bad-confirmation",
  "bad-signature",
  "deadline-exceeded",
];

const CLASSICAL: PairOptions = {
  crypto: memoizedCrypto,
  client: { groups: [KeyExchangeGroup.X25519] },
};
const HYBRID: PairOptions = { crypto: memoizedCrypto };

/** The five frames of an undisturbed handshake. */
function framesOf(options: PairOptions): readonly Uint8Array[] {
  const pair = new Pair(options);
  pair.accept();
  const [f1, f4] = pair.client.sent;
  const [f2, f3, f5] = pair.server.sent;
  return [f1!, f2!, f3!, f4!, f5!];
}

/** Runs the handshake with frame `at` replaced; everything is deterministic, so the rest is as recorded. */
function withFrame(options: PairOptions, frames: readonly Uint8Array[], at: number, replaced: Uint8Array) {
  const frame = (i: number): Uint8Array => (i === at ? replaced : frames[i]!);
  const fromServer = at === 1 || at === 2 || at === 4;
  if (fromServer) {
    const client = makeClient(options);
    client.run((m) => m.start(NOW));
    for (const i of [1, 2]) client.run((m) => m.handleBytes(NOW, frame(i)));
    if (client.events.some((event) => event.type === "host-key")) {
      client.run((m) => m.trustHostKey(NOW));
      client.run((m) => m.handleBytes(NOW, frame(4)));
    }
    return client;
  }
  const server = makeServer(options);
  server.run((m) => m.start(NOW));
  server.run((m) => m.handleBytes(NOW, frame(0)));
  server.run((m) => m.handleBytes(NOW, frame(3)));
  return server;
}

/** Failed, or it waits for more octets; in no case did it believe what was changed. */
function expectClosedOrWaiting(endpoint: ClientEndpoint | ServerEndpoint): void {
  if (failure(endpoint) === undefined && !endpoint.machine.isOver) endpoint.run((m) => m.handleEnd(NOW));
  expectFailed(endpoint);
}

function expectFailed(endpoint: ClientEndpoint | ServerEndpoint): void {
  const types = endpoint.events.map((event) => event.type);
  expect(types).not.toContain("accepted");
  expect(types).not.toContain("authorize");
  expect(CODES).toContain(failure(endpoint));
  expect(types.slice(-2)).toEqual(["failed", "close"]);
}

describe("a frame that is changed on the way (HS-ERR-001)", () => {
  const classical = framesOf(CLASSICAL);
  const hybrid = framesOf(HYBRID);

  it.each([0, 1, 2, 3, 4])("in any octet of frame %i + 1 fails closed", (at) => {
    const frame = classical[at]!;
    for (let i = 0; i < frame.length; i++) {
      const changed = frame.slice();
      changed[i]! ^= 1 << (i % 8);
      expectClosedOrWaiting(withFrame(CLASSICAL, classical, at, changed));
    }
  });

  it.each([0, 1, 2, 3, 4])("by cutting frame %i + 1 anywhere fails closed", (at) => {
    const frame = classical[at]!;
    for (let length = 0; length < frame.length; length++) {
      expectClosedOrWaiting(withFrame(CLASSICAL, classical, at, frame.subarray(0, length)));
      if (length < 4) continue;
      // The same with a prefix that fits what is left.
      const refitted = frame.slice(0, length);
      new DataView(refitted.buffer).setUint32(0, length - 4);
      expectClosedOrWaiting(withFrame(CLASSICAL, classical, at, refitted));
    }
  });

  it("in any way fails closed with the hybrid too", () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(fc.nat(4), changes, fc.nat(2), (at, octets, cut) => {
        const changed = hybrid[at]!.slice(0, hybrid[at]!.length - cut);
        for (const [i, mask] of octets) changed[i % changed.length]! ^= mask;
        fc.pre(changed.length < hybrid[at]!.length || changed.some((octet, i) => octet !== hybrid[at]![i]));
        expectClosedOrWaiting(withFrame(HYBRID, hybrid, at, changed));
      }),
      { numRuns: 300 },
    );
  });
});

describe("random octets (HS-ERR-001)", () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { minLength: 1, maxLength: 4 });
  const shortFrames = fc
    .array(fc.uint8Array({ maxLength: 120 }), { minLength: 1, maxLength: 3 })
    .map((bodies) => bodies.map((body) => Uint8Array.from([0, 0, 0, body.length, ...body])));
  const input = fc.oneof(pieces, shortFrames);

  it("end a server's handshake in every state, and nothing else comes of them", () => {
    fc.assert(
      fc.property(fc.constantFrom("hello", "identity", "authorizing"), input, (state, octets) => {
        const pair = new Pair(CLASSICAL);
        if (state === "hello") pair.server.run((m) => m.start(NOW));
        if (state === "identity") pair.hello();
        if (state === "authorizing") pair.authorize();
        const before = pair.server.events.length;
        pair.toServer(octets);
        if (!pair.server.machine.isOver) pair.server.run((m) => m.handleEnd(NOW));
        expect(pair.server.events.slice(before).map((event) => event.type)).toEqual(["failed", "close"]);
        expect(CODES).toContain(failure(pair.server));
      }),
      { numRuns: 400 },
    );
  });

  it("end a client's handshake in every state, and nothing else comes of them", () => {
    fc.assert(
      fc.property(fc.constantFrom("hello", "trust", "result"), input, (state, octets) => {
        const pair = new Pair(CLASSICAL);
        if (state === "hello") pair.client.run((m) => m.start(NOW));
        else pair.identify();
        if (state === "result") pair.client.run((m) => m.trustHostKey(NOW));
        const before = pair.client.events.length;
        pair.toClient(octets);
        if (!pair.client.machine.isOver) pair.client.run((m) => m.handleEnd(NOW));
        expect(pair.client.events.slice(before).map((event) => event.type)).toEqual(["failed", "close"]);
        expect(CODES).toContain(failure(pair.client));
      }),
      { numRuns: 400 },
    );
  });
});

describe("an undisturbed handshake", () => {
  it("comes out the same in any split (HS-FRM-002)", () => {
    const whole = framesOf(HYBRID);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), (sizes) => {
        const cut = (bytes: Uint8Array): Uint8Array[] => {
          const parts: Uint8Array[] = [];
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = sizes[i % sizes.length]!;
            parts.push(bytes.subarray(at, at + size));
            at += size;
          }
          return parts;
        };
        const pair = new Pair({ ...HYBRID, cut });
        pair.accept();
        expect([...pair.client.sent, ...pair.server.sent].length).toBe(whole.length);
        expect(pair.client.events.map((event) => event.type)).toEqual(["host-key", "accepted", "close"]);
      }),
      { numRuns: 50 },
    );
  });

  it("survives any order of calls: only UsageError tells of the wrong ones, and nothing is accepted by them", () => {
    type Call = (pair: Pair) => void;
    const calls: readonly Call[] = [
      (pair) => void pair.client.run((m) => m.start(NOW)),
      (pair) => void pair.client.run((m) => m.trustHostKey(NOW)),
      (pair) => void pair.client.run((m) => m.handleTimeout(NOW)),
      (pair) => void pair.server.run((m) => m.start(NOW)),
      (pair) => void pair.server.run((m) => m.accept(NOW, SESSION)),
      (pair) => void pair.server.run((m) => m.reject(NOW, 4, "")),
      (pair) => void pair.server.run((m) => m.handleTimeout(NOW)),
      (pair) => pair.toServer(pair.client.sent.splice(0)),
      (pair) => pair.toClient(pair.server.sent.splice(0)),
    ];
    fc.assert(
      fc.property(fc.array(fc.nat(calls.length - 1), { maxLength: 25 }), (order) => {
        const pair = new Pair(CLASSICAL);
        for (const which of order) {
          try {
            calls[which]!(pair);
          } catch (error) {
            if (!(error instanceof UsageError)) throw error;
          }
        }
        const types = pair.client.events.map((event) => event.type);
        if (types.includes("accepted")) {
          expect(pair.server.events.map((event) => event.type)).toEqual(["authorize", "close"]);
          expect(types).toEqual(["host-key", "accepted", "close"]);
        }
      }),
      { numRuns: 500 },
    );
  });
});
