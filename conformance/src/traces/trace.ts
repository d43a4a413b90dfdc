import { readdirSync, readFileSync } from "node:fs";
import { fromJsonString, toJsonString, create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Micros } from "libmoshpit/util";
import { decodePayload, PacketOpener, type Payload } from "libmoshpit/wire";
import { nodeCrypto } from "libmoshpit-node/crypto";
import { TraceLineSchema, type TraceEvent, type TraceHead } from "../gen/moshpit/conformance/v1/trace_pb.js";
import { Role } from "../gen/moshpit/conformance/v1/testee_pb.js";
import type { RoleName } from "../run/case.js";

/** A datagram of a trace, opened with the keys of its head. */
export interface TracedDatagram {
  readonly sender: RoleName;
  readonly index: number;
  /** Microseconds since the trace began. */
  readonly sentAt: number;
  /** When its copies arrived; empty: it was lost. */
  readonly arrivals: number[];
  readonly number: number;
  readonly payload: Payload;
}

export interface Trace {
  readonly head: TraceHead;
  readonly events: readonly TraceEvent[];
  /** By sender, in the order of sending. */
  readonly datagrams: Readonly<Record<RoleName, readonly TracedDatagram[]>>;
  /** When the last thing happened. */
  readonly end: Micros;
}

/** The traces lie beside the bundle's folder. */
const FOLDERS = ["../traces/", "../../traces/"].map((place) => new URL(place, import.meta.url));

/** Every recorded trace, by name; only its head is read. */
export function listTraces(): readonly {
  readonly name: string;
  readonly head: TraceHead;
  readonly url: URL;
}[] {
  return FOLDERS.flatMap((folder) =>
    filesIn(folder).map((file) => {
      const url = new URL(file, folder);
      const [first = ""] = readFileSync(url, "utf8").split("\n", 1);
      return { name: file.replace(/\.jsonl$/, ""), head: headOf(first, file), url };
    }),
  );
}

/** The whole trace. Throws on anything that is no trace, and on datagrams that do not open. */
export function readTrace(url: URL): Trace {
  const [first = "", ...rest] = readFileSync(url, "utf8").trimEnd().split("\n");
  const head = headOf(first, url.pathname);
  const events = rest.map((line, i) => {
    const parsed = fromJsonString(TraceLineSchema, line).line;
    if (parsed.case !== "event") throw new Error(`line ${i + 2} of ${url.pathname} is no event`);
    return parsed.value;
  });
  const datagrams = { client: opened(head, events, "client"), server: opened(head, events, "server") };
  return { head, events, datagrams, end: Number(events.at(-1)?.at ?? 0n) as Micros };
}

/** One line of a trace. */
export function traceLine(line: NonNullable<MessageInitShape<typeof TraceLineSchema>["line"]>): string {
  return toJsonString(TraceLineSchema, create(TraceLineSchema, { line }));
}

export function roleName(role: Role): RoleName {
  return role === Role.CLIENT ? "client" : "server";
}

function filesIn(folder: URL): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".jsonl"))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function headOf(line: string, file: string): TraceHead {
  const parsed = fromJsonString(TraceLineSchema, line).line;
  if (parsed.case !== "head" || parsed.value.version !== 1) throw new Error(`${file} begins with no head`);
  return parsed.value;
}

function opened(head: TraceHead, events: readonly TraceEvent[], sender: RoleName): TracedDatagram[] {
  const keys = sender === "client" ? head.clientKeys : head.serverKeys;
  if (keys === undefined) throw new Error(`${head.name} has no keys`);
  const { aeadKey, aeadIv, macKey } = keys;
  const opener = new PacketOpener(nodeCrypto, head.suite, head.connectionId, { aeadKey, aeadIv, macKey });
  const datagrams: TracedDatagram[] = [];
  for (const { at, role, event } of events) {
    if (roleName(role) !== sender) continue;
    if (event.case === "sent") {
      const packet = opener.open(event.value);
      if (packet.kind === "dropped")
        throw new Error(`${head.name}: a datagram does not open: ${packet.reason}`);
      datagrams.push({
        sender,
        index: datagrams.length,
        sentAt: Number(at),
        arrivals: [],
        number: packet.packetNumber,
        payload: decodePayload(packet.plaintext),
      });
    } else if (event.case === "arrived") {
      const datagram = datagrams[event.value];
      if (datagram === undefined)
        throw new Error(`${head.name}: datagram ${event.value} arrived before it left`);
      datagram.arrivals.push(Number(at));
    }
  }
  return datagrams;
}
