import type { CryptoProvider } from "libmoshpit/crypto";
import type { Micros } from "libmoshpit/util";
import {
  connectionIdOf,
  decodePayload,
  PacketOpener,
  type ConnectionSecrets,
  type Frame,
  type Payload,
} from "libmoshpit/wire";
import type { Fate } from "./link.js";
import type { Address, Carried } from "./network.js";

/** A packet as the network saw it, opened with the secrets that the test made. */
export interface TracedPacket {
  readonly at: Micros;
  readonly from: Address;
  readonly to: Address;
  readonly octets: number;
  readonly fate: Fate;
  readonly connectionId: bigint;
  readonly packetNumber: number;
  readonly payload: Payload;
  /** The datagram itself, to be replayed or changed. */
  readonly bytes: Uint8Array;
}

/** Opens every datagram that leaves: what the machines really say, not what they report. */
export class Trace {
  readonly packets: TracedPacket[] = [];
  readonly #crypto: CryptoProvider;
  readonly #openers = new Map<bigint, { readonly client: PacketOpener; readonly server: PacketOpener }>();

  constructor(crypto: CryptoProvider) {
    this.#crypto = crypto;
  }

  /** Opens the datagrams of this connection, too. */
  add(secrets: ConnectionSecrets, connectionId: bigint): void {
    const opener = (keys: ConnectionSecrets["clientToServer"]): PacketOpener =>
      new PacketOpener(this.#crypto, secrets.suite, connectionId, keys);
    this.#openers.set(connectionId, {
      client: opener(secrets.clientToServer),
      server: opener(secrets.serverToClient),
    });
  }

  /** Throws on a datagram that does not open: a machine never sends one. */
  record({ at, from, to, bytes, fate }: Carried): void {
    const connectionId = connectionIdOf(bytes) ?? 0n;
    const opened = this.#openers
      .get(connectionId)
      ?.[to.startsWith("server") ? "client" : "server"].open(bytes);
    if (opened?.kind !== "packet") throw new Error(`a packet from ${from} does not open: ${opened?.reason}`);
    const payload = decodePayload(opened.plaintext);
    const { packetNumber } = opened;
    this.packets.push({
      at,
      from,
      to,
      octets: bytes.length,
      fate,
      connectionId,
      packetNumber,
      payload,
      bytes,
    });
  }

  /** The packets that a role sent from that moment on. */
  sentBy(role: "client" | "server", since: number = 0): TracedPacket[] {
    return this.packets.filter(
      ({ at, to }) => at >= since && to.startsWith("server") === (role === "client"),
    );
  }

  /** One line a packet, for a person. */
  toString(): string {
    return this.packets.map(line).join("\n");
  }
}

function line({ at, from, to, octets, fate, packetNumber, payload }: TracedPacket): string {
  const { cumulativeSequence, nextSequence, heldFrames, frames } = payload;
  const mark = fate.kind === "lost" ? ` LOST (${fate.why})` : "";
  const said = frames.map(frameWord).join(" ");
  const head = `ack ${cumulativeSequence} next ${nextSequence} held ${heldFrames}`;
  return `${(at / 1000).toFixed(3)} ms ${from} > ${to} #${packetNumber} ${octets} octets: ${head} ${said}${mark}`;
}

function frameWord(frame: Frame): string {
  if ("sequence" in frame) return `${frame.kind}[${frame.sequence}]`;
  if (frame.kind !== "nak") return frame.kind;
  return `nak[${frame.missing.map(({ start, end }) => `${start}-${end - 1}`).join()}]`;
}
