import type { CryptoProvider, Entropy } from "libmoshpit/crypto";
import {
  answerKeyShare,
  ClientKeyExchange,
  deriveHandshakeSecrets,
  deriveUdpSecrets,
  FrameOpener,
  FrameSealer,
  identityFromSeed,
  makeProof,
  signatureInput,
  Transcript,
  type HandshakeSecrets,
  type Identity,
} from "libmoshpit/handshake";
import { equalBytes, PeerError } from "libmoshpit/util";
import {
  CipherSuite,
  decodeClientClaim,
  decodeHandshakeMessage,
  decodeServerClaim,
  encodeClientClaim,
  encodeHandshakeMessage,
  encodeServerClaim,
  frame,
  FrameReader,
  MAX_HANDSHAKE_FRAME_OCTETS,
  type AcceptedInit,
  type ClientRequest,
  type ConnectionSecrets,
  type HandshakeMessage,
  type KeyExchangeGroup,
  type RejectCode,
} from "libmoshpit/wire";
import { CaseFailure, must } from "../run/case.js";

type Message<Case extends HandshakeMessage["message"]["case"]> = Extract<
  HandshakeMessage["message"],
  { case: Case }
>;

/** What a peer of the runner may do elsewise. */
export interface HandshakeDeviation {
  /** Changes the octets of the runner's hello, before they are framed and hashed. */
  readonly hello?: (encoded: Uint8Array) => Uint8Array;
}

interface Common {
  readonly crypto: CryptoProvider;
  readonly entropy: Entropy;
  readonly identity: Identity;
  readonly deviation?: HandshakeDeviation;
}

/** The runner as the client: verifies all that the testee's server proves. */
export class RunnerClient {
  readonly hello: Uint8Array;
  readonly #config: Common & { readonly user: string; readonly request: ClientRequest };
  readonly #exchange: ClientKeyExchange;
  readonly #transcript: Transcript;
  readonly #offer: { readonly groups: readonly KeyExchangeGroup[]; readonly suites: readonly CipherSuite[] };

  constructor(
    config: Common & { readonly user: string; readonly request: ClientRequest },
    offer: { readonly groups: readonly KeyExchangeGroup[]; readonly suites: readonly CipherSuite[] },
  ) {
    const { crypto, entropy, deviation } = config;
    this.#config = config;
    this.#offer = offer;
    this.#exchange = new ClientKeyExchange(crypto, entropy, offer.groups);
    this.#transcript = new Transcript(crypto);
    const encoded = encodeHandshakeMessage({
      message: {
        case: "clientHello",
        value: {
          versions: [1],
          random: entropy.bytes("client.random", 32),
          keyShares: this.#exchange.shares.map((share) => ({ ...share })),
          cipherSuites: [...offer.suites],
        },
      },
    });
    this.hello = frame(deviation?.hello?.(encoded) ?? encoded);
    this.#transcript.addFrame(this.hello);
  }

  /** Takes F2 and F3, gives F4 and what opens F5. */
  identified(octets: Uint8Array): { identity: Uint8Array; finish: (f5: Uint8Array) => ServerAnswer } {
    const { crypto } = this.#config;
    const [f2, f3] = framesOf(octets, 2);
    const hello = messageOf(f2, "serverHello", "HS-SH-001");
    const { keyShare, cipherSuite, version } = hello;
    must(version === 1, "HS-SH-001", `ServerHello chose version ${version}`);
    must(
      this.#offer.suites.includes(cipherSuite),
      "HS-SH-001",
      "ServerHello chose a suite that was not offered",
    );
    must(
      keyShare !== undefined && keyShare.group === this.#offer.groups[0],
      "HS-CH-011",
      `ServerHello chose group ${keyShare?.group}, not the first that was offered`,
    );
    this.#transcript.addFrame(frame(f2));
    const secrets = deriveHandshakeSecrets(crypto, this.#exchange.finish(keyShare), this.#transcript.hash());
    const opener = new FrameOpener(crypto, secrets.server);
    const identity = messageOf(opened(opener, f3, "F3"), "serverIdentity", "HS-SI-001");
    const { hostKey } = decodeServerClaim(identity.claim);
    verifyProof(crypto, "server", hostKey, secrets, identity, this.#transcript);
    this.#transcript.addFrame(frame(f3));
    return {
      identity: this.#identity(secrets),
      finish: (f5) => this.#finish(secrets, opener, cipherSuite, f5),
    };
  }

  #identity(secrets: HandshakeSecrets): Uint8Array {
    const { crypto, identity, user, request } = this.#config;
    const claim = encodeClientClaim({ user, publicKey: identity.publicKey, request });
    const proof = makeProof(crypto, "client", identity.seed, secrets.client.finished, {
      signed: this.#transcript.hash(claim),
      finished: (signature) => this.#transcript.hash(claim, signature),
    });
    const message = encodeHandshakeMessage({
      message: { case: "clientIdentity", value: { claim, ...proof } },
    });
    const f4 = new FrameSealer(crypto, secrets.client).seal(message);
    this.#transcript.addFrame(f4);
    return f4;
  }

  #finish(
    secrets: HandshakeSecrets,
    opener: FrameOpener,
    suite: CipherSuite,
    octets: Uint8Array,
  ): ServerAnswer {
    const [f5] = framesOf(octets, 1);
    const { message } = decoded(opened(opener, f5, "F5"), "HS-AC-001");
    const udp = deriveUdpSecrets(this.#config.crypto, secrets.mainSecret, this.#transcript.hash(), suite);
    return { message, secrets: udp.connection };
  }
}

/** What a server's F5 said, and the keys of the datagrams. */
export interface ServerAnswer {
  readonly message: HandshakeMessage["message"];
  readonly secrets: ConnectionSecrets;
}

/** What a client claimed, the answer to it, and the keys of the datagrams. */
export interface ClientAnswer {
  readonly f5: Uint8Array;
  readonly secrets: ConnectionSecrets;
  readonly claim: ReturnType<typeof decodeClientClaim>;
}

type AnswerInit = NonNullable<Parameters<typeof encodeHandshakeMessage>[0]["message"]>;

/** The runner as the server: verifies all that the testee's client proves. */
export class RunnerServer {
  readonly #config: Common;
  readonly #transcript: Transcript;
  #secrets: HandshakeSecrets | undefined;
  #sealer: FrameSealer | undefined;
  #suite: CipherSuite = CipherSuite.AES_256_GCM_SIV_HMAC_SHA512;

  constructor(config: Common) {
    this.#config = config;
    this.#transcript = new Transcript(config.crypto);
  }

  /** Takes F1, gives F2 and F3: the first share and the first suite that were offered. */
  answer(octets: Uint8Array): Uint8Array[] {
    const { crypto, entropy, deviation, identity } = this.#config;
    const [f1] = framesOf(octets, 1);
    const hello = messageOf(f1, "clientHello", "HS-CH-001");
    const [share] = hello.keyShares;
    const [suite] = hello.cipherSuites;
    must(share !== undefined && suite !== undefined, "HS-CH-002", "ClientHello offers nothing");
    this.#suite = suite;
    this.#transcript.addFrame(frame(f1));
    const answered = answerKeyShare(crypto, entropy, share);
    const encoded = encodeHandshakeMessage({
      message: {
        case: "serverHello",
        value: {
          version: 1,
          random: entropy.bytes("server.random", 32),
          keyShare: { ...answered.share },
          cipherSuite: suite,
        },
      },
    });
    const f2 = frame(deviation?.hello?.(encoded) ?? encoded);
    this.#transcript.addFrame(f2);
    const secrets = deriveHandshakeSecrets(crypto, answered.keyMaterial, this.#transcript.hash());
    this.#secrets = secrets;
    this.#sealer = new FrameSealer(crypto, secrets.server);
    const claim = encodeServerClaim({ hostKey: identity.publicKey });
    const proof = makeProof(crypto, "server", identity.seed, secrets.server.finished, {
      signed: this.#transcript.hash(claim),
      finished: (signature) => this.#transcript.hash(claim, signature),
    });
    const f3 = this.#sealer.seal(
      encodeHandshakeMessage({ message: { case: "serverIdentity", value: { claim, ...proof } } }),
    );
    this.#transcript.addFrame(f3);
    return [f2, f3];
  }

  /** Takes F4, gives F5 and the keys. */
  accept(octets: Uint8Array, accepted: (claim: ClientAnswer["claim"]) => AcceptedInit): ClientAnswer {
    return this.#answer(octets, (claim) => ({ case: "accepted", value: accepted(claim) }));
  }

  /** Takes F4, gives an F5 that says no. */
  reject(octets: Uint8Array, code: RejectCode): ClientAnswer {
    return this.#answer(octets, () => ({ case: "rejected", value: { code, text: "" } }));
  }

  #answer(octets: Uint8Array, answer: (claim: ClientAnswer["claim"]) => AnswerInit): ClientAnswer {
    const { crypto } = this.#config;
    const [f4] = framesOf(octets, 1);
    if (this.#secrets === undefined || this.#sealer === undefined) throw new Error("F2 was not made");
    const opener = new FrameOpener(crypto, this.#secrets.client);
    const identity = messageOf(opened(opener, f4, "F4"), "clientIdentity", "HS-CI-001");
    const claim = decodeClientClaim(identity.claim);
    verifyProof(crypto, "client", claim.publicKey, this.#secrets, identity, this.#transcript);
    this.#transcript.addFrame(frame(f4));
    const hash = this.#transcript.hash();
    const udp = deriveUdpSecrets(crypto, this.#secrets.mainSecret, hash, this.#suite);
    const f5 = this.#sealer.seal(encodeHandshakeMessage({ message: answer(claim) }));
    return { f5, secrets: udp.connection, claim };
  }
}

/** The identity of a role in this suite's handshakes. */
export function identityOf(crypto: CryptoProvider, role: "client" | "server"): Identity {
  return identityFromSeed(crypto, new Uint8Array(32).fill(role === "client" ? 0xc1 : 0x5e));
}

/** The bodies of exactly so many frames. */
function framesOf(octets: Uint8Array, count: 1): [Uint8Array];
function framesOf(octets: Uint8Array, count: 2): [Uint8Array, Uint8Array];
function framesOf(octets: Uint8Array, count: number): Uint8Array[] {
  const reader = new FrameReader(MAX_HANDSHAKE_FRAME_OCTETS);
  reader.push(octets);
  const bodies: Uint8Array[] = [];
  for (let body = reader.next(); body !== undefined; body = reader.next()) bodies.push(body);
  must(
    bodies.length === count && reader.isEmpty,
    "HS-FRM-003",
    `${bodies.length} whole frames were sent where ${count} are due`,
  );
  return bodies;
}

function opened(opener: FrameOpener, body: Uint8Array, name: string): Uint8Array {
  try {
    return opener.open(body);
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new CaseFailure("KS-SEAL-001", `${name} does not open under the keys of 4.4`);
  }
}

function decoded(body: Uint8Array, requirement: string): HandshakeMessage {
  try {
    return decodeHandshakeMessage(body);
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new CaseFailure(requirement, `the testee sent what is no well-formed message: ${error.message}`);
  }
}

function messageOf<Case extends "clientHello" | "serverHello" | "serverIdentity" | "clientIdentity">(
  body: Uint8Array,
  expected: Case,
  requirement: string,
): Message<Case>["value"] {
  const { message } = decoded(body, requirement);
  must(message.case === expected, requirement, `the testee sent ${message.case} where ${expected} is due`);
  return message.value as Message<Case>["value"];
}

function verifyProof(
  crypto: CryptoProvider,
  signer: "client" | "server",
  publicKey: Uint8Array,
  secrets: HandshakeSecrets,
  proof: { readonly claim: Uint8Array; readonly signature: Uint8Array; readonly confirmation: Uint8Array },
  transcript: Transcript,
): void {
  const finished = transcript.hash(proof.claim, proof.signature);
  const confirmation = crypto.hmacSha512(secrets[signer].finished, finished);
  must(equalBytes(confirmation, proof.confirmation), "KS-TR-001", `the ${signer}'s confirmation is wrong`);
  const input = signatureInput(signer, transcript.hash(proof.claim));
  must(
    crypto.ed25519.verify(publicKey, input, proof.signature),
    "KS-SIG-001",
    `the ${signer}'s signature does not verify`,
  );
}
