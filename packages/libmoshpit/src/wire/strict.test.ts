import { fromBinary, toBinary, type DescMessage } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ascii, concatBytes, fromHex, PeerError } from "../util/index.js";
import {
  AcceptedSchema,
  ClientHelloSchema,
  HandshakeMessageSchema,
  OpenRequestSchema,
  RejectedSchema,
  ServerHelloSchema,
  SessionInfoSchema,
  SessionListSchema,
} from "./gen/moshpit/v1/handshake_pb.js";
import { PayloadSchema } from "./gen/moshpit/v1/packet_pb.js";
import { decodeStrict, type StrictOptions } from "./strict.js";

function refused(schema: DescMessage, bytes: Uint8Array, options?: StrictOptions): string {
  try {
    decodeStrict(schema, bytes, options);
  } catch (error) {
    if (error instanceof PeerError && error.code === "malformed-message") return error.message;
    throw error;
  }
  throw new Error("was decoded");
}

/** A length-delimited field of at most 127 octets. */
function field(number: number, content: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of((number << 3) | 2, content.length), content);
}

const hex = fromHex;

describe("decodeStrict refuses (HS-DEC-001)", () => {
  it("an unknown field, at any depth", () => {
    expect(refused(RejectedSchema, hex("1801"))).toContain("no field 3");
    expect(refused(HandshakeMessageSchema, field(6, hex("1801")))).toContain("no field 3");
    expect(refused(RejectedSchema, hex("f8ffffff0f01"))).toContain("no field");
  });

  it("field number 0 and one beyond 2^29", () => {
    expect(refused(RejectedSchema, hex("0001"))).toContain("no field 0");
    expect(refused(RejectedSchema, hex("88808080808080808001" + "01"))).toContain("no field");
  });

  it("a singular field twice, and a message that another decoder would merge", () => {
    expect(refused(RejectedSchema, hex("08010801"))).toContain("twice");
    expect(refused(ServerHelloSchema, concatBytes(field(3, hex("0801")), field(3, hex("1200"))))).toContain(
      "twice",
    );
  });

  it("two members of a oneof, and one member twice", () => {
    expect(refused(HandshakeMessageSchema, concatBytes(field(5, hex("")), field(6, hex(""))))).toContain(
      "twice",
    );
    expect(refused(HandshakeMessageSchema, concatBytes(field(6, hex("")), field(6, hex(""))))).toContain(
      "twice",
    );
  });

  it("a wire type of another kind, groups included", () => {
    expect(refused(RejectedSchema, hex("0900000000000000" + "00"))).toContain("wire type 1");
    expect(refused(RejectedSchema, hex("1001"))).toContain("wire type 0");
    expect(refused(RejectedSchema, hex("0b0c"))).toContain("wire type 3");
    expect(refused(RejectedSchema, hex("0f"))).toContain("wire type 7");
    expect(refused(HandshakeMessageSchema, hex("3001"))).toContain("wire type 0");
    expect(refused(RejectedSchema, field(1, hex("01")))).toContain("wire type 2");
  });

  it("what is cut short: tags, varints, fixed numbers, octet strings, messages", () => {
    for (const cut of ["08", "0880", "12", "1201", "8a"])
      expect(refused(RejectedSchema, hex(cut))).toContain("short");
    expect(refused(PayloadSchema, hex("2d000000"))).toContain("short");
    expect(refused(HandshakeMessageSchema, hex("320208"))).toContain("short");
    expect(refused(HandshakeMessageSchema, hex("32020880"))).toContain("short");
    expect(refused(RejectedSchema, hex("12ffffffffffffffffff01"))).toContain("short");
  });

  it("varints of more than 10 octets or 64 bits", () => {
    expect(refused(RejectedSchema, hex("08" + "80".repeat(10) + "01"))).toContain("too long");
    expect(refused(RejectedSchema, hex("08" + "80".repeat(9) + "02"))).toContain("too long");
  });

  it("numbers out of their type's range", () => {
    expect(refused(ServerHelloSchema, hex("088080808010"))).toContain("range");
    expect(refused(SessionInfoSchema, hex("1802"))).toContain("range");
    expect(refused(RejectedSchema, hex("08ffffffffffffffffff01"))).toContain("range");
    expect(decodeStrict(ServerHelloSchema, hex("08ffffffff0f")).version).toBe(0xffff_ffff);
    expect(decodeStrict(SessionInfoSchema, hex("10ffffffffffffffffff01")).openedSeconds).toBe(2n ** 64n - 1n);
  });

  it("text that is not UTF-8", () => {
    for (const text of ["ff", "c080", "eda080", "f4908080", "e282"]) {
      expect(refused(RejectedSchema, field(2, hex(text)))).toContain("UTF-8");
    }
    expect(decodeStrict(RejectedSchema, field(2, hex("e282ac"))).text).toBe("€");
  });

  it("an undefined value of a closed enumeration, and none of an open one (HS-DEC-003)", () => {
    expect(refused(RejectedSchema, hex("0863"))).toContain("not defined");
    const open = { openEnumFields: new Set(["moshpit.v1.Rejected.code"]) };
    expect(decodeStrict(RejectedSchema, hex("0863"), open).code).toBe(0x63);
    expect(decodeStrict(ClientHelloSchema, hex("2063")).cipherSuites).toEqual([0x63]);
    expect(refused(RejectedSchema, hex("088080808008"), open)).toContain("range");
  });

  it("messages in messages more than 8 deep", () => {
    // No message of the protocol contains itself, so a description that does is made by hand.
    const self = { ...HandshakeMessageSchema.fields[0]! };
    const looped = { ...HandshakeMessageSchema, fields: [self] } as unknown as typeof HandshakeMessageSchema;
    Object.assign(self, { message: looped });
    const nested = (depth: number): Uint8Array => (depth === 1 ? hex("") : field(1, nested(depth - 1)));
    expect(refused(looped, nested(9))).toContain("deep");
  });
});

describe("decodeStrict", () => {
  it("takes repeated numbers packed, not packed and mixed (HS-DEC-001)", () => {
    for (const form of ["0a03010203", "080108020803", "0a0201020803"]) {
      expect(decodeStrict(ClientHelloSchema, hex(form)).versions).toEqual([1, 2, 3]);
    }
    expect(refused(ClientHelloSchema, hex("0a020180"))).toContain("short");
  });

  it("takes an optional field that is present and empty, and zeros that are written out", () => {
    expect(decodeStrict(OpenRequestSchema, field(3, hex(""))).command).toBe("");
    expect(decodeStrict(OpenRequestSchema, hex("")).command).toBeUndefined();
    expect(decodeStrict(RejectedSchema, hex("0800")).code).toBe(0);
  });

  it("decodes what it takes as the lenient decoder does, and refuses by PeerError alone", () => {
    const schemas = [
      HandshakeMessageSchema,
      ClientHelloSchema,
      AcceptedSchema,
      SessionListSchema,
      PayloadSchema,
    ];
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.constantFrom<DescMessage>(...schemas),
        (bytes, schema) => {
          try {
            const message = decodeStrict(schema, bytes);
            expect(toBinary(schema, message)).toEqual(toBinary(schema, fromBinary(schema, bytes)));
          } catch (error) {
            if (!(error instanceof PeerError)) throw error;
            expect(error.code).toBe("malformed-message");
          }
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it("shares its input's octets instead of copying them", () => {
    const bytes = field(10, ascii("padding"));
    const { padding } = decodeStrict(PayloadSchema, bytes);
    bytes.fill(0x2a);
    expect(padding).toEqual(new Uint8Array(7).fill(0x2a));
  });
});
