import { concatBytes, u32 } from "libmoshpit/util";
import { HandshakeKind } from "../gen/moshpit/conformance/v1/testee_pb.js";
import { must, type CaseContext, type CaseDefinition } from "../run/case.js";
import { mustBe, mustEqual } from "./check.js";
import { HANDSHAKES, hex } from "./vectors.js";

const framed = (body: Uint8Array): Uint8Array => concatBytes(u32(body.length), body);

async function cut(
  { testee }: CaseContext,
  ...pieces: Uint8Array[]
): Promise<{ bodies: Uint8Array[]; error: string }> {
  return await testee.ask("cutFrames", { pieces });
}

const [vector] = HANDSHAKES;
if (vector === undefined) throw new Error("there are no vectors");
const HELLO = hex(vector.frames.F1).subarray(4);
const SERVER_CLAIM = hex(vector.proofs.server.claim);

/** Framing and strict decoding on what the runner makes. */
export const HANDSHAKE_PRIMITIVE_CASES: readonly CaseDefinition[] = [
  {
    name: "frames/length-limit",
    level: 1,
    requirements: ["HS-FRM-001"],
    about: "a body of 16384 octets is taken; a longer length is refused before any of the body is there",
    run: async (context) => {
      const longest = new Uint8Array(16_384).fill(0x5a);
      const taken = await cut(context, framed(longest));
      mustBe(taken.error, "", "HS-FRM-001", "a frame of 16384 octets");
      mustEqual(taken.bodies[0], longest, "HS-FRM-001", "its body");
      for (const length of [16_385, 0x7fff_ffff, 0xffff_ffff]) {
        const refused = await cut(context, u32(length));
        mustBe(refused.error, "frame-too-large", "HS-FRM-001", `a length of ${length}`);
      }
    },
  },
  {
    name: "frames/cut-anywhere",
    level: 1,
    requirements: ["HS-FRM-002"],
    about: "three frames come octet by octet, all at once and cut in every place: always the same bodies",
    run: async (context) => {
      const bodies = [Uint8Array.of(1, 2, 3), new Uint8Array(0), Uint8Array.of(4)];
      const stream = concatBytes(...bodies.map(framed));
      const cuts: Uint8Array[][] = [[...stream].map((octet) => Uint8Array.of(octet)), [stream]];
      for (let at = 1; at < stream.length; at++) cuts.push([stream.subarray(0, at), stream.subarray(at)]);
      for (const pieces of cuts) {
        const found = await cut(context, ...pieces);
        mustBe(found.bodies.length, bodies.length, "HS-FRM-002", `${pieces.length} pieces: bodies`);
        bodies.forEach((body, i) => mustEqual(found.bodies[i], body, "HS-FRM-002", `body ${i}`));
      }
    },
  },
  {
    name: "decoding/strict",
    level: 1,
    requirements: ["HS-DEC-001"],
    about: "a ClientHello with an unknown field, a field twice, a wrong wire type or cut short is malformed",
    run: async ({ testee }) => {
      const inner = HELLO.subarray(HELLO.length - innerLength(HELLO));
      const hello = (more: Uint8Array): Uint8Array => {
        const value = concatBytes(inner, more);
        return concatBytes(Uint8Array.of(0x0a), varint(value.length), value);
      };
      const random = concatBytes(Uint8Array.of(0x12, 32), new Uint8Array(32));
      const good = await testee.ask("decodeHandshake", {
        kind: HandshakeKind.MESSAGE,
        octets: hello(new Uint8Array(0)),
      });
      mustBe(good.error, "", "HS-DEC-001", "the ClientHello itself");
      const bad: readonly [string, Uint8Array][] = [
        ["an unknown field", hello(Uint8Array.of(0x78, 1))],
        ["random twice", hello(random)],
        ["random as a varint", hello(Uint8Array.of(0x10, 1))],
        ["two members of the oneof", concatBytes(HELLO, Uint8Array.of(0x32, 2, 0x08, 6))],
        ["cut short", HELLO.subarray(0, -1)],
        ["no octets", new Uint8Array(0)],
      ];
      for (const [what, octets] of bad) {
        const { error } = await testee.ask("decodeHandshake", { kind: HandshakeKind.MESSAGE, octets });
        mustBe(error, "malformed-message", "HS-DEC-001", what);
      }
    },
  },
  {
    name: "decoding/bounds",
    level: 1,
    requirements: ["HS-DEC-002"],
    about: "a host key of 32 octets is taken; of 31, of 33 or none it is malformed",
    run: async ({ testee }) => {
      const claim = (length: number): Uint8Array =>
        concatBytes(Uint8Array.of(0x0a, length), new Uint8Array(length).fill(9));
      const ask = async (octets: Uint8Array): Promise<string> =>
        (await testee.ask("decodeHandshake", { kind: HandshakeKind.SERVER_CLAIM, octets })).error;
      mustBe(await ask(SERVER_CLAIM), "", "HS-DEC-002", "a claim of the vectors");
      mustBe(await ask(claim(32)), "", "HS-DEC-002", "32 octets");
      for (const length of [0, 31, 33])
        mustBe(await ask(claim(length)), "malformed-message", "HS-DEC-002", `${length} octets`);
    },
  },
  {
    name: "decoding/open-offers",
    level: 1,
    requirements: ["HS-DEC-003"],
    about: "a ClientHello that also offers a version and a suite that nobody knows is well-formed; 0 is not",
    run: async ({ testee }) => {
      const inner = HELLO.subarray(HELLO.length - innerLength(HELLO));
      const hello = (more: Uint8Array): Uint8Array => {
        const value = concatBytes(inner, more);
        return concatBytes(Uint8Array.of(0x0a), varint(value.length), value);
      };
      const ask = async (octets: Uint8Array): Promise<string> =>
        (await testee.ask("decodeHandshake", { kind: HandshakeKind.MESSAGE, octets })).error;
      mustBe(await ask(hello(Uint8Array.of(0x08, 200, 1))), "", "HS-DEC-003", "version 200");
      mustBe(await ask(hello(Uint8Array.of(0x20, 77))), "", "HS-DEC-003", "suite 77");
      mustBe(await ask(hello(Uint8Array.of(0x08, 0))), "malformed-message", "HS-DEC-003", "version 0");
      mustBe(await ask(hello(Uint8Array.of(0x20, 0))), "malformed-message", "HS-DEC-003", "suite 0");
      const twice = await ask(hello(Uint8Array.of(0x08, 1)));
      must(twice === "malformed-message", "HS-CH-002", "a version that stands twice was taken");
    },
  },
];

/** Octets of the member of a HandshakeMessage that has a length of two octets. */
function innerLength(message: Uint8Array): number {
  const [, low = 0, high = 0] = message;
  return (low & 0x7f) | (high << 7);
}

function varint(value: number): Uint8Array {
  return value < 128 ? Uint8Array.of(value) : Uint8Array.of((value & 0x7f) | 0x80, value >>> 7);
}
