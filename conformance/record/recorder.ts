import { writeFileSync } from "node:fs";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { nodeCrypto } from "../../packages/libmoshpit-node/src/crypto/index.js";
import { now } from "../../packages/libmoshpit-node/src/clock/index.js";
import {
  CipherSuite,
  decodePayload,
  PacketOpener,
  type ConnectionSecrets,
  type Frame,
} from "../../packages/libmoshpit/src/wire/index.js";
import { Role } from "../src/gen/moshpit/conformance/v1/testee_pb.js";
import type { TraceEventSchema, TraceHeadSchema } from "../src/gen/moshpit/conformance/v1/trace_pb.js";
import type { RoleName } from "../src/run/case.js";
import { traceLine } from "../src/traces/trace.js";

type EventInit = NonNullable<MessageInitShape<typeof TraceEventSchema>["event"]>;
export type HeadInit = Omit<MessageInitShape<typeof TraceHeadSchema>, "$typeName">;

/**
 * Notes what happens in a session. What the server's program wrote is taken from the server's own datagrams: where a
 * sequence number is used for the first time.
 */
export class Recorder {
  readonly #begin = now();
  readonly #lines: string[] = [];
  readonly #opener: PacketOpener;
  #serverNext = 0;
  #serverPackets = 0;

  constructor(secrets: ConnectionSecrets, connectionId: bigint) {
    this.#opener = new PacketOpener(nodeCrypto, secrets.suite, connectionId, secrets.serverToClient);
  }

  input(role: RoleName, event: EventInit): void {
    const at = BigInt(Math.round(now() - this.#begin));
    const wireRole = role === "client" ? Role.CLIENT : Role.SERVER;
    this.#lines.push(traceLine({ case: "event", value: { at, role: wireRole, event } }));
  }

  sent(sender: RoleName, bytes: Uint8Array): void {
    if (sender === "server") this.#serverSent(bytes);
    this.input(sender, { case: "sent", value: new Uint8Array(bytes) });
  }

  arrived(sender: RoleName, index: number): void {
    this.input(sender, { case: "arrived", value: index });
  }

  write(file: string, head: HeadInit): void {
    writeFileSync(file, `${[traceLine({ case: "head", value: head }), ...this.#lines].join("\n")}\n`);
  }

  #serverSent(bytes: Uint8Array): void {
    const opened = this.#opener.open(bytes);
    if (opened.kind === "dropped")
      throw new Error(`a datagram of the server does not open: ${opened.reason}`);
    if (opened.packetNumber !== this.#serverPackets++)
      throw new Error("a datagram was lost outside the network");
    for (const frame of decodePayload(opened.plaintext).frames) {
      if (!("sequence" in frame) || frame.sequence < this.#serverNext) continue;
      this.#serverNext = frame.sequence + 1;
      for (const event of eventsOf(frame)) this.input("server", event);
    }
  }
}

/** The keys of a session as a head has them. */
export function headKeys(secrets: ConnectionSecrets): Pick<HeadInit, "suite" | "clientKeys" | "serverKeys"> {
  return {
    suite: CipherSuite.AES_256_GCM_SIV_HMAC_SHA512,
    clientKeys: { ...secrets.clientToServer },
    serverKeys: { ...secrets.serverToClient },
  };
}

function eventsOf(frame: Frame): EventInit[] {
  if (frame.kind === "data") {
    const { bytes, standardError, end } = frame;
    const events: EventInit[] = [];
    if (bytes.length > 0) events.push({ case: "output", value: { octets: bytes, standardError } });
    if (end) events.push({ case: "end", value: { standardError } });
    return events;
  }
  if (frame.kind === "resize") return [{ case: "resize", value: { ...frame.size } }];
  return [];
}
