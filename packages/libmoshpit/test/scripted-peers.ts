import { nobleCrypto, type CryptoProvider } from "../src/crypto/index.js";
import type { Identity } from "../src/handshake/index.js";
import { ALL_GROUPS, answerKeyShare, ClientKeyExchange, type Share } from "../src/handshake/key-exchange.js";
import { deriveHandshakeSecrets, type HandshakeSecrets } from "../src/handshake/key-schedule.js";
import { FrameOpener, FrameSealer } from "../src/handshake/sealed-frames.js";
import { makeProof, type Signer } from "../src/handshake/signatures.js";
import { Transcript } from "../src/handshake/transcript.js";
import {
  CipherSuite,
  decodeHandshakeMessage,
  encodeClientClaim,
  encodeHandshakeMessage,
  encodeServerClaim,
  frame,
  type ClientRequest,
  type HandshakeMessage,
  type HandshakeMessageInit,
  type KeyExchangeGroup,
} from "../src/wire/index.js";
import { CLIENT_IDENTITY, OPEN, seededEntropy, SERVER_IDENTITY } from "./handshake-harness.js";

const FULL = CipherSuite.AES_256_GCM_SIV_HMAC_SHA512;

/** What a peer that does as it likes may do elsewise when it proves an identity. */
export interface Deviation {
  readonly identity?: Identity;
  /** Signs in this role. */
  readonly signer?: Signer;
  /** The proof of somebody else's handshake. */
  readonly stolen?: { readonly claim: Uint8Array; readonly signature: Uint8Array };
  /** Changes the message before it is sealed. */
  readonly change?: (proof: { claim: Uint8Array; signature: Uint8Array; confirmation: Uint8Array }) => void;
}

/** A message in the clear, framed. */
export function clearFrame(init: HandshakeMessageInit): Uint8Array {
  return frame(encodeHandshakeMessage(init));
}

/** The message of a frame in the clear. */
export function messageOf(clear: Uint8Array): HandshakeMessage["message"] {
  return decodeHandshakeMessage(clear.subarray(4)).message;
}

/** A server that holds the keys and sends what it likes. */
export class ScriptedServer {
  readonly #crypto: CryptoProvider;
  readonly #transcript: Transcript;
  readonly secrets: HandshakeSecrets;
  readonly hello: Uint8Array;
  readonly #sealer: FrameSealer;

  /** Answers a ClientHello with the share at `index` of its shares. */
  constructor(f1: Uint8Array, index = 0, suite: CipherSuite = FULL, crypto: CryptoProvider = nobleCrypto) {
    const message = messageOf(f1);
    if (message.case !== "clientHello") throw new Error("not a ClientHello");
    this.#crypto = crypto;
    const { share, keyMaterial } = answerKeyShare(
      crypto,
      seededEntropy("scripted/server"),
      message.value.keyShares[index]!,
    );
    this.hello = clearFrame({
      message: {
        case: "serverHello",
        value: { version: 1, random: new Uint8Array(32), keyShare: { ...share }, cipherSuite: suite },
      },
    });
    this.#transcript = new Transcript(crypto);
    this.#transcript.addFrame(f1);
    this.#transcript.addFrame(this.hello);
    this.secrets = deriveHandshakeSecrets(crypto, keyMaterial, this.#transcript.hash());
    this.#sealer = new FrameSealer(crypto, this.secrets.server);
  }

  /** Any message, sealed as the next frame. */
  seal(init: HandshakeMessageInit): Uint8Array {
    return this.sealOctets(encodeHandshakeMessage(init));
  }

  /** Any octets, sealed as the next frame. */
  sealOctets(message: Uint8Array): Uint8Array {
    return this.#sealer.seal(message);
  }

  /** What the client's first sealed frame says. */
  openFromClient(sealed: Uint8Array): HandshakeMessage["message"] {
    const opened = new FrameOpener(this.#crypto, this.secrets.client).open(sealed.subarray(4));
    return decodeHandshakeMessage(opened).message;
  }

  /** F3. */
  identity(deviation: Deviation = {}): Uint8Array {
    const identity = deviation.identity ?? SERVER_IDENTITY;
    const claim = deviation.stolen?.claim ?? encodeServerClaim({ hostKey: identity.publicKey });
    const finished = this.secrets.server.finished;
    const proof = prove(this.#crypto, this.#transcript, identity, finished, claim, "server", deviation);
    return this.seal({ message: { case: "serverIdentity", value: proof } });
  }
}

/** A client that holds the keys and sends what it likes. */
export class ScriptedClient {
  readonly #crypto: CryptoProvider;
  readonly #transcript: Transcript;
  readonly #exchange: ClientKeyExchange;
  readonly hello: Uint8Array;
  #secrets: HandshakeSecrets | undefined;
  #sealer: FrameSealer | undefined;
  #opener: FrameOpener | undefined;

  constructor(groups: readonly KeyExchangeGroup[] = ALL_GROUPS, crypto: CryptoProvider = nobleCrypto) {
    this.#crypto = crypto;
    this.#exchange = new ClientKeyExchange(crypto, seededEntropy("scripted/client"), groups);
    this.#transcript = new Transcript(crypto);
    this.hello = clearFrame({
      message: {
        case: "clientHello",
        value: {
          versions: [1],
          random: new Uint8Array(32),
          keyShares: this.#exchange.shares.map((share: Share) => ({ ...share })),
          cipherSuites: [FULL],
        },
      },
    });
    this.#transcript.addFrame(this.hello);
  }

  /** Takes F2 and F3; what F3 says. */
  identified(f2: Uint8Array, f3: Uint8Array): HandshakeMessage["message"] {
    const message = messageOf(f2);
    if (message.case !== "serverHello") throw new Error("not a ServerHello");
    this.#transcript.addFrame(f2);
    const keyMaterial = this.#exchange.finish(message.value.keyShare!);
    const secrets = deriveHandshakeSecrets(this.#crypto, keyMaterial, this.#transcript.hash());
    this.#secrets = secrets;
    this.#sealer = new FrameSealer(this.#crypto, secrets.client);
    this.#opener = new FrameOpener(this.#crypto, secrets.server);
    const opened = this.#opener.open(f3.subarray(4));
    this.#transcript.addFrame(f3);
    return decodeHandshakeMessage(opened).message;
  }

  /** What a later sealed frame says. */
  open(sealed: Uint8Array): Uint8Array {
    return this.#opener!.open(sealed.subarray(4));
  }

  seal(init: HandshakeMessageInit): Uint8Array {
    return this.sealOctets(encodeHandshakeMessage(init));
  }

  sealOctets(message: Uint8Array): Uint8Array {
    return this.#sealer!.seal(message);
  }

  /** F4. */
  identity(deviation: Deviation = {}, user = "alice", request: ClientRequest = OPEN): Uint8Array {
    const identity = deviation.identity ?? CLIENT_IDENTITY;
    const claim =
      deviation.stolen?.claim ?? encodeClientClaim({ user, publicKey: identity.publicKey, request });
    const finished = this.#secrets!.client.finished;
    const proof = prove(this.#crypto, this.#transcript, identity, finished, claim, "client", deviation);
    return this.seal({ message: { case: "clientIdentity", value: proof } });
  }
}

function prove(
  crypto: CryptoProvider,
  transcript: Transcript,
  identity: Identity,
  finishedKey: Uint8Array,
  claim: Uint8Array,
  role: Signer,
  deviation: Deviation,
): { claim: Uint8Array; signature: Uint8Array; confirmation: Uint8Array } {
  const finished = (signature: Uint8Array): Uint8Array => transcript.hash(claim, signature);
  const own = makeProof(crypto, deviation.signer ?? role, identity.seed, finishedKey, {
    signed: transcript.hash(claim),
    finished,
  });
  const signature = deviation.stolen?.signature ?? own.signature;
  const proof = {
    claim: claim.slice(),
    signature: signature.slice(),
    confirmation: crypto.hmacSha512(finishedKey, finished(signature)),
  };
  deviation.change?.(proof);
  return proof;
}
