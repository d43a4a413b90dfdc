import { nobleCrypto, type CryptoProvider, type Entropy } from "libmoshpit/crypto";
import {
  ClientHandshake,
  identityFromSeed,
  ServerHandshake,
  type ClientHandshakeConfig,
  type ClientHandshakeEvent,
  type ServerHandshakeEvent,
} from "libmoshpit/handshake";
import { concatBytes, fromHex, micros, toHex, type Machine } from "libmoshpit/util";
import { CipherSuite, KeyExchangeGroup } from "libmoshpit/wire";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nodeCrypto } from "./index.js";

const folder = new URL("../../../../conformance/vectors/", import.meta.url);
const NOW = micros(1);

interface Vector {
  readonly inputs: {
    readonly client_seed: string;
    readonly server_seed: string;
    readonly user: string;
    readonly client_entropy: Record<string, string>;
    readonly server_entropy: Record<string, string>;
  };
  readonly frames: Record<"F1" | "F2" | "F3" | "F4" | "F5", string>;
  readonly key_schedule: { readonly labels: Record<string, { readonly output: string }> };
}

const OPEN: ClientHandshakeConfig["request"] = {
  case: "open",
  value: { terminal: { term: "xterm-256color", size: { columns: 80, rows: 24 } } },
};

const CONFIGS: Readonly<Record<string, Pick<ClientHandshakeConfig, "request" | "groups" | "cipherSuites">>> =
  {
    "handshake-hybrid": { request: OPEN },
    "handshake-x25519": { request: OPEN, groups: [KeyExchangeGroup.X25519] },
    "handshake-truncated-suite": {
      request: { case: "open", value: { command: "uname -a", name: "build" } },
      cipherSuites: [CipherSuite.AES_256_GCM_SIV_HMAC_SHA512_256, CipherSuite.AES_256_GCM_SIV_HMAC_SHA512],
    },
    "handshake-not-authorized": { request: OPEN },
  };

function replayed(entropy: Record<string, string>): Entropy {
  return { bytes: (label) => fromHex(entropy[label] ?? "") };
}

/** All that a machine has put out. */
function drained<Event>(machine: Machine<Event>): { sent: string; events: Event[] } {
  const sent: Uint8Array[] = [];
  const events: Event[] = [];
  for (;;) {
    const output = machine.pollOutput();
    if (output.kind === "timeout") return { sent: toHex(concatBytes(...sent)), events };
    if (output.kind === "transmit") sent.push(output.bytes);
    else events.push(output.event);
  }
}

describe.each<[string, CryptoProvider]>([
  ["nodeCrypto", nodeCrypto],
  ["nobleCrypto", nobleCrypto],
])("%s", (_, crypto) => {
  it.each(Object.keys(CONFIGS))("replays %s byte by byte (KS-LBL-001)", (name) => {
    const vector = JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as Vector;
    const { inputs, frames } = vector;
    const client = new ClientHandshake({
      crypto,
      entropy: replayed(inputs.client_entropy),
      identity: identityFromSeed(crypto, fromHex(inputs.client_seed)),
      user: inputs.user,
      ...CONFIGS[name]!,
    });
    const server = new ServerHandshake({
      crypto,
      entropy: replayed(inputs.server_entropy),
      identity: identityFromSeed(crypto, fromHex(inputs.server_seed)),
    });

    client.start(NOW);
    expect(drained<ClientHandshakeEvent>(client).sent).toBe(frames.F1);
    server.start(NOW);
    server.handleBytes(NOW, fromHex(frames.F1));
    expect(drained<ServerHandshakeEvent>(server).sent).toBe(frames.F2 + frames.F3);
    client.handleBytes(NOW, fromHex(frames.F2 + frames.F3));
    client.trustHostKey(NOW);
    expect(drained<ClientHandshakeEvent>(client).sent).toBe(frames.F4);
    server.handleBytes(NOW, fromHex(frames.F4));
    const [authorize] = drained<ServerHandshakeEvent>(server).events;
    if (authorize?.type !== "authorize") throw new Error(authorize?.type);
    const { clientToServer: c, serverToClient: s } = authorize.secrets;
    const { labels } = vector.key_schedule;
    expect([c.aeadKey, c.aeadIv, c.macKey, s.aeadKey, s.aeadIv, s.macKey].map(toHex)).toEqual(
      ["c_udp_key", "c_udp_iv", "c_udp_mac", "s_udp_key", "s_udp_iv", "s_udp_mac"].map(
        (label) => labels[label]!.output,
      ),
    );
    client.handleBytes(NOW, fromHex(frames.F5));
    const { events } = drained<ClientHandshakeEvent>(client);
    expect(events[0]).toMatchObject(
      name === "handshake-not-authorized"
        ? { type: "rejected", text: "not authorized", authenticated: true }
        : { type: "accepted", secrets: authorize.secrets },
    );
  });
});
