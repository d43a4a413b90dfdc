import {
  fromBinary,
  ScalarType,
  type DescEnum,
  type DescField,
  type DescMessage,
  type MessageShape,
} from "@bufbuild/protobuf";
import { getTextEncoding, WireType } from "@bufbuild/protobuf/wire";
import { PeerError, UsageError } from "../util/index.js";
import { MAX_NESTING } from "./limits.js";

/** What strict decoding lets pass. */
export interface StrictOptions {
  /**
   * Full names of singular enumeration fields (`package.Message.field`) that may carry undefined values; those of repeated
   * fields always may, because lists are offers.
   */
  readonly openEnumFields?: ReadonlySet<string>;
}

/**
 * Decodes one message and refuses what a lenient decoder lets pass: unknown fields, a singular field that occurs
 * twice, two members of a oneof, wrong wire types, octets cut short, numbers out of range, text that is not UTF-8,
 * undefined enumeration values, deep nesting. Throws `PeerError` "malformed-message". The result's octet strings share `bytes`.
 * spec/03-handshake.md, HS-DEC-001.
 */
export function decodeStrict<Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array,
  options: StrictOptions = {},
): MessageShape<Desc> {
  checkMessage(schema, new Cursor(bytes), options, 1);
  return fromBinary(schema, bytes, { readUnknownFields: false, recursionLimit: MAX_NESTING });
}

/** The error of everything that decoding refuses. */
export function malformed(what: string): PeerError {
  return new PeerError("malformed-message", what);
}

function checkMessage(desc: DescMessage, cursor: Cursor, options: StrictOptions, depth: number): void {
  if (depth > MAX_NESTING) throw malformed(`${desc.typeName} is nested too deeply`);
  const seen = new Set<unknown>();
  while (!cursor.atEnd) {
    const tag = cursor.varint();
    const field = desc.fields.find((candidate) => BigInt(candidate.number) === tag >> 3n);
    if (field === undefined) throw malformed(`${desc.typeName} has no field ${tag >> 3n}`);
    if (field.fieldKind !== "list") {
      const once = field.oneof ?? field;
      if (seen.has(once)) throw malformed(`${nameOf(field)} or its oneof occurs twice`);
      seen.add(once);
    }
    checkField(field, Number(tag & 7n), cursor, options, depth);
  }
}

function checkField(
  field: DescField,
  wireType: number,
  cursor: Cursor,
  options: StrictOptions,
  depth: number,
): void {
  if (field.fieldKind === "map" || (field.message !== undefined && field.delimitedEncoding)) {
    throw new UsageError(`${nameOf(field)}: maps and groups are not part of the protocol`);
  }
  if (field.message !== undefined) {
    expectWireType(field, wireType, WireType.LengthDelimited);
    checkMessage(field.message, new Cursor(cursor.delimited()), options, depth + 1);
    return;
  }
  const check = (from: Cursor): void =>
    field.enum === undefined
      ? checkScalar(field, field.scalar, from)
      : checkEnum(field, field.enum, from, options);
  const expected = field.enum === undefined ? wireTypeOf(field.scalar) : WireType.Varint;
  const mayBePacked = field.fieldKind === "list" && expected !== WireType.LengthDelimited;
  if (mayBePacked && wireType === (WireType.LengthDelimited as number)) {
    const packed = new Cursor(cursor.delimited());
    while (!packed.atEnd) check(packed);
    return;
  }
  expectWireType(field, wireType, expected);
  check(cursor);
}

function checkEnum(field: DescField, desc: DescEnum, cursor: Cursor, options: StrictOptions): void {
  const value = cursor.varint();
  if (value > 0x7fff_ffffn) throw malformed(`${nameOf(field)}: ${value} is out of range`);
  const open = field.fieldKind === "list" || options.openEnumFields?.has(nameOf(field)) === true;
  if (!open && desc.value[Number(value)] === undefined)
    throw malformed(`${nameOf(field)}: ${value} is not defined`);
}

function checkScalar(field: DescField, scalar: ScalarType, cursor: Cursor): void {
  const wireType = wireTypeOf(scalar);
  if (wireType === WireType.Bit32) cursor.take(4);
  else if (wireType === WireType.Bit64) cursor.take(8);
  else if (scalar === ScalarType.BYTES) cursor.delimited();
  else if (scalar === ScalarType.STRING) checkUtf8(field, cursor.delimited());
  else if (cursor.varint() > (LARGEST[scalar] ?? 0n)) throw malformed(`${nameOf(field)} is out of range`);
}

function checkUtf8(field: DescField, bytes: Uint8Array): void {
  try {
    getTextEncoding().decodeUtf8(bytes, true);
  } catch {
    throw malformed(`${nameOf(field)} is not UTF-8`);
  }
}

/** Of the scalars that travel as varints; the protocol uses no signed ones. */
const LARGEST: Partial<Record<ScalarType, bigint>> = {
  [ScalarType.BOOL]: 1n,
  [ScalarType.UINT32]: 2n ** 32n - 1n,
  [ScalarType.UINT64]: 2n ** 64n - 1n,
};

function wireTypeOf(scalar: ScalarType): WireType {
  switch (scalar) {
    case ScalarType.BYTES:
    case ScalarType.STRING:
      return WireType.LengthDelimited;
    case ScalarType.FIXED32:
      return WireType.Bit32;
    case ScalarType.FIXED64:
      return WireType.Bit64;
    case ScalarType.BOOL:
    case ScalarType.UINT32:
    case ScalarType.UINT64:
      return WireType.Varint;
    default:
      throw new UsageError(`scalar type ${scalar} is not part of the protocol`);
  }
}

function expectWireType(field: DescField, actual: number, expected: WireType): void {
  if (actual !== (expected as number)) throw malformed(`${nameOf(field)} has wire type ${actual}`);
}

function nameOf(field: DescField): string {
  return `${field.parent.typeName}.${field.name}`;
}

/** Reads octets and never beyond their end. */
class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** At most 10 octets and below 2^64. */
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const octet = this.#bytes[this.#at++];
      if (octet === undefined) throw malformed("a varint is cut short");
      value |= BigInt(octet & 0x7f) << shift;
      if (octet < 0x80) {
        if (value >= 2n ** 64n) break;
        return value;
      }
    }
    throw malformed("a varint is too long");
  }

  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw malformed("a field is cut short");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  delimited(): Uint8Array {
    const length = this.varint();
    if (length > BigInt(this.#bytes.length)) throw malformed("a field is cut short");
    return this.take(Number(length));
  }
}
