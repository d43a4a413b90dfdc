import { nobleCrypto, type Entropy, type EntropyLabel } from "../../src/crypto/index.js";
import {
  deriveHandshakeSecrets,
  deriveUdpSecrets,
  frameNonce,
  identityFromSeed,
  labelInfo,
  LABELS,
  PROTOCOL_NAME,
  signatureInput,
  type ClientHandshakeConfig,
  type ServerHandshakeConfig,
} from "../../src/handshake/index.js";
import { concatBytes, toHex, u32 } from "../../src/util/index.js";
import {
  CipherSuite,
  decodeHandshakeMessage,
  frame,
  KeyExchangeGroup,
  MLKEM768_CIPHERTEXT_OCTETS,
  RejectCode,
} from "../../src/wire/index.js";
import { Pair, seededEntropy, SESSION } from "../handshake-harness.js";
import type { Json } from "./json.js";

/** What one vector differs in from the default. */
interface Scenario {
  readonly name: string;
  readonly about: string;
  readonly client?: Partial<ClientHandshakeConfig>;
  readonly server?: Partial<ServerHandshakeConfig>;
  readonly answer: "accept" | "refuse";
}

/** Handshakes that reach frame 5. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "handshake-hybrid",
    about: "The default: X25519_MLKEM768, the full HMAC, a session with a terminal is opened.",
    answer: "accept",
  },
  {
    name: "handshake-x25519",
    about: "A client that has no ML-KEM.",
    client: { groups: [KeyExchangeGroup.X25519] },
    answer: "accept",
  },
  {
    name: "handshake-truncated-suite",
    about: "The client prefers the suite with the truncated HMAC and runs a command without a terminal.",
    client: {
      cipherSuites: [CipherSuite.AES_256_GCM_SIV_HMAC_SHA512_256, CipherSuite.AES_256_GCM_SIV_HMAC_SHA512],
      request: { case: "open", value: { command: "uname -a", name: "build" } },
    },
    answer: "accept",
  },
  {
    name: "handshake-not-authorized",
    about: "The client is refused: frame 5 is a sealed Rejected.",
    answer: "refuse",
  },
];

const CLIENT_SEED = nobleCrypto.sha512(new Uint8Array([1])).subarray(0, 32);
const SERVER_SEED = nobleCrypto.sha512(new Uint8Array([2])).subarray(0, 32);

/** One handshake with every intermediate value. */
export function handshakeVector(scenario: Scenario): Json {
  const client = recorded(scenario.name, "client");
  const server = recorded(scenario.name, "server");
  const pair = new Pair({
    client: {
      identity: identityFromSeed(nobleCrypto, CLIENT_SEED),
      entropy: client.entropy,
      ...scenario.client,
    },
    server: {
      identity: identityFromSeed(nobleCrypto, SERVER_SEED),
      entropy: server.entropy,
      ...scenario.server,
    },
  });
  const { secrets } = pair.authorize();
  answer(pair, scenario.answer);
  const [f1, f4] = pair.client.sent as [Uint8Array, Uint8Array];
  const [f2, f3, f5] = pair.server.sent as [Uint8Array, Uint8Array, Uint8Array];
  const exchange = keyExchange(f1, f2, client.log, server.log);
  const schedule = keySchedule({ f1, f2, f3, f4, f5 }, exchange.ikm);
  if (toHex(schedule.udp.connection.clientToServer.macKey) !== toHex(secrets.clientToServer.macKey)) {
    throw new Error("the vector and the machine disagree");
  }
  return {
    name: scenario.name,
    about: scenario.about,
    inputs: {
      client_seed: toHex(CLIENT_SEED),
      server_seed: toHex(SERVER_SEED),
      user: "alice",
      client_entropy: hexed(client.log),
      server_entropy: hexed(server.log),
    },
    frames: hexed({ F1: f1, F2: f2, F3: f3, F4: f4, F5: f5 }),
    key_exchange: exchange.json,
    ...schedule.json,
  };
}

/** A hello that has nothing in common with the server: frame 2 is a Rejected in the clear. */
export function rejectedVector(): Json {
  const name = "handshake-rejected";
  const client = recorded(name, "client");
  const pair = new Pair({
    client: {
      identity: identityFromSeed(nobleCrypto, CLIENT_SEED),
      entropy: client.entropy,
      groups: [KeyExchangeGroup.X25519],
    },
    server: {
      identity: identityFromSeed(nobleCrypto, SERVER_SEED),
      groups: [KeyExchangeGroup.X25519_MLKEM768],
    },
  });
  pair.identify();
  return {
    name,
    about: "The server does X25519_MLKEM768 only, the client offers X25519 only: a Rejected in the clear.",
    inputs: {
      client_seed: toHex(CLIENT_SEED),
      server_seed: toHex(SERVER_SEED),
      user: "alice",
      client_entropy: hexed(client.log),
    },
    frames: hexed({ F1: pair.client.sent[0]!, F2: pair.server.sent[0]! }),
    code: RejectCode.UNSUPPORTED_GROUP,
  };
}

function answer(pair: Pair, how: Scenario["answer"]): void {
  pair.toClient(
    how === "accept"
      ? pair.server.run((m) => m.accept(pair.now, SESSION))
      : [
          ...pair.server.run((m) => m.reject(pair.now, RejectCode.NOT_AUTHORIZED, "")),
          ...pair.server.run((m) => m.handleTimeout(pair.server.timeoutAt)),
        ],
  );
}

function recorded(name: string, role: string): { entropy: Entropy; log: Record<string, Uint8Array> } {
  const source = seededEntropy(`${name}/${role}`);
  const log: Record<string, Uint8Array> = {};
  const bytes = (label: EntropyLabel, length: number): Uint8Array => {
    const octets = source.bytes(label, length);
    if (log[label] !== undefined) throw new Error(`${label} was asked for twice`);
    log[label] = octets.slice();
    return octets;
  };
  return { entropy: { bytes }, log };
}

function keyExchange(
  f1: Uint8Array,
  f2: Uint8Array,
  client: Record<string, Uint8Array>,
  server: Record<string, Uint8Array>,
): { ikm: Uint8Array; json: Json } {
  const { x25519, mlKem768 } = nobleCrypto;
  const hello = decodeHandshakeMessage(f1.subarray(4)).message;
  const reply = decodeHandshakeMessage(f2.subarray(4)).message;
  if (hello.case !== "clientHello" || reply.case !== "serverHello") throw new Error("not the hellos");
  const serverShare = reply.value.keyShare!.share;
  const x25519Server = x25519.publicKey(server["x25519.server"]!);
  const agreed = x25519.sharedSecret(client["x25519.client"]!, x25519Server)!;
  const common = {
    group: reply.value.keyShare!.group,
    cipher_suite: reply.value.cipherSuite,
    client_shares: hello.value.keyShares.map(({ group, share }) => ({ group, share: toHex(share) })),
    server_share: toHex(serverShare),
    x25519_client_public: toHex(x25519.publicKey(client["x25519.client"]!)),
    x25519_server_public: toHex(x25519Server),
    x25519_shared: toHex(agreed),
  };
  if (common.group === KeyExchangeGroup.X25519)
    return { ikm: agreed, json: { ...common, ikm: toHex(agreed) } };
  const { decapsulationKey } = mlKem768.keyPair(client["mlkem768.seed"]!);
  const ciphertext = serverShare.subarray(0, MLKEM768_CIPHERTEXT_OCTETS);
  const shared = mlKem768.decapsulate(decapsulationKey, ciphertext);
  const ikm = concatBytes(shared, agreed);
  const kem = {
    mlkem768_decapsulation_key: toHex(decapsulationKey),
    mlkem768_ciphertext: toHex(ciphertext),
    mlkem768_shared: toHex(shared),
  };
  return { ikm, json: { ...common, ...kem, ikm: toHex(ikm) } };
}

interface Frames {
  readonly f1: Uint8Array;
  readonly f2: Uint8Array;
  readonly f3: Uint8Array;
  readonly f4: Uint8Array;
  readonly f5: Uint8Array;
}

function keySchedule(
  frames: Frames,
  ikm: Uint8Array,
): { udp: ReturnType<typeof deriveUdpSecrets>; json: Record<string, Json> } {
  const { f1, f2, f3, f4, f5 } = frames;
  const hash = (...parts: readonly Uint8Array[]): Uint8Array =>
    nobleCrypto.sha512(concatBytes(PROTOCOL_NAME, ...parts));
  const t2 = hash(f1, f2);
  const secrets = deriveHandshakeSecrets(nobleCrypto, ikm, t2);
  const m3 = opened(f3, secrets.server, 0);
  const m4 = opened(f4, secrets.client, 0);
  const m5 = opened(f5, secrets.server, 1);
  const s = proofOf(m3.message, "serverIdentity");
  const c = proofOf(m4.message, "clientIdentity");
  const t3sig = hash(f1, f2, frame(s.claim));
  const t3fin = hash(f1, f2, frame(s.claim), frame(s.signature));
  const t4sig = hash(f1, f2, f3, frame(c.claim));
  const t4fin = hash(f1, f2, f3, frame(c.claim), frame(c.signature));
  const t4 = hash(f1, f2, f3, f4);
  const suite = cipherSuiteOf(f2);
  const udp = deriveUdpSecrets(nobleCrypto, secrets.mainSecret, t4, suite);
  const empty = new Uint8Array(0);
  const traffic = (secret: string, label: string, context: Uint8Array, output: Uint8Array): Json => ({
    secret,
    label,
    context: toHex(context),
    info: toHex(labelInfo(label, context, output.length)),
    output: toHex(output),
  });
  return {
    udp,
    json: {
      transcript: {
        P: toHex(PROTOCOL_NAME),
        T2: { over: ["P", "F1", "F2"], hash: toHex(t2) },
        T3sig: { over: ["P", "F1", "F2", "Item(claim_s)"], hash: toHex(t3sig) },
        T3fin: { over: ["P", "F1", "F2", "Item(claim_s)", "Item(signature_s)"], hash: toHex(t3fin) },
        T4sig: { over: ["P", "F1", "F2", "F3", "Item(claim_c)"], hash: toHex(t4sig) },
        T4fin: { over: ["P", "F1", "F2", "F3", "Item(claim_c)", "Item(signature_c)"], hash: toHex(t4fin) },
        T4: { over: ["P", "F1", "F2", "F3", "F4"], hash: toHex(t4) },
      },
      key_schedule: {
        extracts: {
          handshake_secret: {
            salt: toHex(PROTOCOL_NAME),
            ikm: toHex(ikm),
            output: toHex(secrets.handshakeSecret),
          },
          main_secret: {
            salt: toHex(secrets.derived),
            ikm: "00".repeat(64),
            output: toHex(secrets.mainSecret),
          },
        },
        labels: {
          c_hs: traffic("handshake_secret", LABELS.clientHandshake, t2, secrets.clientTraffic),
          s_hs: traffic("handshake_secret", LABELS.serverHandshake, t2, secrets.serverTraffic),
          derived: traffic("handshake_secret", LABELS.derived, empty, secrets.derived),
          c_hs_key: traffic("c_hs", LABELS.frameKey, empty, secrets.client.key),
          c_hs_iv: traffic("c_hs", LABELS.frameIv, empty, secrets.client.iv),
          c_hs_finished: traffic("c_hs", LABELS.finished, empty, secrets.client.finished),
          s_hs_key: traffic("s_hs", LABELS.frameKey, empty, secrets.server.key),
          s_hs_iv: traffic("s_hs", LABELS.frameIv, empty, secrets.server.iv),
          s_hs_finished: traffic("s_hs", LABELS.finished, empty, secrets.server.finished),
          c_udp: traffic("main_secret", LABELS.clientUdp, t4, udp.clientTraffic),
          s_udp: traffic("main_secret", LABELS.serverUdp, t4, udp.serverTraffic),
          c_udp_key: traffic("c_udp", LABELS.udpKey, empty, udp.connection.clientToServer.aeadKey),
          c_udp_iv: traffic("c_udp", LABELS.udpIv, empty, udp.connection.clientToServer.aeadIv),
          c_udp_mac: traffic("c_udp", LABELS.udpMac, empty, udp.connection.clientToServer.macKey),
          s_udp_key: traffic("s_udp", LABELS.udpKey, empty, udp.connection.serverToClient.aeadKey),
          s_udp_iv: traffic("s_udp", LABELS.udpIv, empty, udp.connection.serverToClient.aeadIv),
          s_udp_mac: traffic("s_udp", LABELS.udpMac, empty, udp.connection.serverToClient.macKey),
        },
      },
      sealed_frames: { F3: m3.json, F4: m4.json, F5: m5.json },
      proofs: {
        server: proofJson("server", s, t3sig),
        client: proofJson("client", c, t4sig),
      },
    },
  };
}

function opened(
  sealed: Uint8Array,
  keys: { readonly key: Uint8Array; readonly iv: Uint8Array },
  counter: number,
): { message: Uint8Array; json: Json } {
  const body = sealed.subarray(4);
  const nonce = frameNonce(keys.iv, counter);
  const message = nobleCrypto.aes256GcmSiv(keys.key).open(nonce, u32(body.length), body);
  if (message === undefined) throw new Error("a frame does not open");
  return {
    message,
    json: {
      counter,
      nonce: toHex(nonce),
      additional_data: toHex(u32(body.length)),
      message: toHex(message),
    },
  };
}

interface SignedClaim {
  readonly claim: Uint8Array;
  readonly signature: Uint8Array;
  readonly confirmation: Uint8Array;
}

function proofOf(bytes: Uint8Array, which: "serverIdentity" | "clientIdentity"): SignedClaim {
  const { message } = decodeHandshakeMessage(bytes);
  if (message.case !== which) throw new Error(`not a ${which}`);
  return message.value;
}

function proofJson(signer: "server" | "client", proof: SignedClaim, signed: Uint8Array): Json {
  return {
    claim: toHex(proof.claim),
    signature_input: toHex(signatureInput(signer, signed)),
    signature: toHex(proof.signature),
    confirmation: toHex(proof.confirmation),
  };
}

function cipherSuiteOf(f2: Uint8Array): CipherSuite {
  const { message } = decodeHandshakeMessage(f2.subarray(4));
  if (message.case !== "serverHello") throw new Error("not a ServerHello");
  return message.value.cipherSuite;
}

function hexed(values: Readonly<Record<string, Uint8Array>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, octets]) => [name, toHex(octets)]));
}
