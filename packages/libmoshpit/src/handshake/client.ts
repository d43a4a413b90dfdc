import {
  after,
  equalBytes,
  NEVER,
  PeerError,
  printable,
  seconds,
  UsageError,
  wipe,
  type Machine,
  type Micros,
  type Output,
} from "../util/index.js";
import {
  decodeHandshakeMessage,
  decodeServerClaim,
  encodeClientClaim,
  encodeHandshakeMessage,
  frame,
  HANDSHAKE_DEADLINE_SECONDS,
  MAX_CLIENT_CLAIM_OCTETS,
  PROTOCOL_VERSION,
  RANDOM_OCTETS,
  type CipherSuite,
  type ConnectionSecrets,
  type HandshakeMessage,
  type KeyExchangeGroup,
  type Rejected,
} from "../wire/index.js";
import { checkAnswer, checkClearRejection, checkServerHello } from "./client-checks.js";
import { Channel } from "./channel.js";
import type { ClientHandshakeConfig, ClientHandshakeEvent } from "./client-types.js";
import { ALL_GROUPS, ClientKeyExchange } from "./key-exchange.js";
import {
  deriveHandshakeSecrets,
  deriveUdpSecrets,
  wipeConnectionSecrets,
  wipeHandshakeSecrets,
  type HandshakeSecrets,
} from "./key-schedule.js";
import { ALL_CIPHER_SUITES, offersOf } from "./offers.js";
import { FrameOpener, FrameSealer } from "./sealed-frames.js";
import { makeProof, verifyProof } from "./signatures.js";
import { Transcript } from "./transcript.js";
import { CLIENT_TRANSITIONS, isFinal, requireTransition, type ClientInput } from "./transitions.js";

/** The variants carry what is secret in them; `#enter` wipes what the next one does not take over. */
type State =
  | { readonly name: "idle" }
  | { readonly name: "wait-server-hello"; readonly exchange: ClientKeyExchange }
  | { readonly name: "wait-server-identity" | "wait-trust"; readonly keys: Keys }
  | { readonly name: "wait-result"; readonly keys: Keys; readonly connection: ConnectionSecrets }
  | { readonly name: "accepted" | "rejected" | "failed" | "closed" };

interface Keys {
  readonly suite: CipherSuite;
  readonly secrets: HandshakeSecrets;
  readonly opener: FrameOpener;
}

/** The client's side of the handshake. spec/03-handshake.md; the states are those of `CLIENT_TRANSITIONS`. */
export class ClientHandshake implements Machine<ClientHandshakeEvent> {
  readonly #config: ClientHandshakeConfig;
  readonly #claim: Uint8Array;
  readonly #groups: readonly KeyExchangeGroup[];
  readonly #suites: readonly CipherSuite[];
  readonly #channel = new Channel<ClientHandshakeEvent>();
  readonly #transcript: Transcript;
  #state: State = { name: "idle" };

  /** Throws `UsageError` for a user, request or offer that the protocol can not carry. */
  constructor(config: ClientHandshakeConfig) {
    const { crypto, identity, user, request } = config;
    this.#config = config;
    this.#claim = encodeClientClaim({ user, publicKey: identity.publicKey, request });
    if (this.#claim.length > MAX_CLIENT_CLAIM_OCTETS) throw new UsageError("the request is too large");
    this.#groups = offersOf(ALL_GROUPS, config.groups);
    this.#suites = offersOf(ALL_CIPHER_SUITES, config.cipherSuites);
    this.#transcript = new Transcript(crypto);
  }

  /** Whether the handshake has ended, one way or another. */
  get isOver(): boolean {
    return isFinal(this.#state.name);
  }

  /** Sends ClientHello; once. May run before TCP is connected, as long as its octets are written then. */
  start(now: Micros): void {
    if (this.#state.name !== "idle") throw new UsageError("the handshake was started already");
    const { crypto, entropy, deadline = seconds(HANDSHAKE_DEADLINE_SECONDS) } = this.#config;
    const random = entropy.bytes("client.random", RANDOM_OCTETS);
    const exchange = new ClientKeyExchange(crypto, entropy, this.#groups);
    this.#send(
      frame(
        encodeHandshakeMessage({
          message: {
            case: "clientHello",
            value: {
              versions: [PROTOCOL_VERSION],
              random,
              keyShares: exchange.shares.map((share) => ({ ...share })),
              cipherSuites: [...this.#suites],
            },
          },
        }),
      ),
    );
    this.#channel.timeoutAt = after(now, deadline);
    this.#enter("start", { name: "wait-server-hello", exchange });
  }

  /** Octets from the server, cut anyhow. */
  handleBytes(now: Micros, bytes: Uint8Array): void {
    this.handleTimeout(now);
    if (this.#state.name === "idle") throw new UsageError("the handshake was not started");
    if (this.isOver || bytes.length === 0) return;
    this.#guarded(() => {
      this.#channel.push(bytes);
      if (this.#state.name === "wait-trust") this.#channel.requireNothingMore();
      for (let body = this.#channel.nextFrame(); body !== undefined; body = this.#channel.nextFrame()) {
        this.#handleFrame(body);
        if (this.isOver) return;
      }
    });
  }

  /** The server's end of the stream. */
  handleEnd(now: Micros): void {
    this.handleTimeout(now);
    if (this.isOver) return;
    this.#fail(new PeerError("connection-closed", "the server closed the connection"), "end-of-stream");
  }

  handleTimeout(now: Micros): void {
    if (this.isOver || now < this.#channel.timeoutAt) return;
    this.#fail(new PeerError("deadline-exceeded", "the handshake took too long"), "deadline");
  }

  /** The person's known hosts trust the key of event host-key: sends ClientIdentity. Nothing if it is over. */
  trustHostKey(now: Micros): void {
    this.handleTimeout(now);
    if (this.isOver) return;
    if (this.#state.name !== "wait-trust") throw new UsageError("there is no host key to trust");
    const { keys } = this.#state;
    const { crypto, identity } = this.#config;
    const proof = makeProof(crypto, "client", identity.seed, keys.secrets.client.finished, {
      signed: this.#transcript.hash(this.#claim),
      finished: (signature) => this.#transcript.hash(this.#claim, signature),
    });
    const message = encodeHandshakeMessage({
      message: { case: "clientIdentity", value: { claim: this.#claim, ...proof } },
    });
    this.#send(new FrameSealer(crypto, keys.secrets.client).seal(message));
    const udp = deriveUdpSecrets(crypto, keys.secrets.mainSecret, this.#transcript.hash(), keys.suite);
    wipe(udp.clientTraffic, udp.serverTraffic);
    this.#enter("trust", { name: "wait-result", keys, connection: udp.connection });
  }

  /** Ends the handshake from this side. */
  close(now: Micros): void {
    this.handleTimeout(now);
    if (this.isOver) return;
    this.#end("close", { name: "closed" });
  }

  pollOutput(): Output<ClientHandshakeEvent> {
    return this.#channel.poll();
  }

  #handleFrame(body: Uint8Array): void {
    const state = this.#state;
    switch (state.name) {
      case "wait-server-hello":
        this.#transcript.addFrame(frame(body));
        return this.#handleServerHello(state.exchange, decodeHandshakeMessage(body));
      case "wait-server-identity":
        this.#channel.requireNothingMore();
        return this.#handleServerIdentity(state.keys, body);
      case "wait-result":
        this.#channel.requireNothingMore();
        return this.#handleResult(state, decodeHandshakeMessage(state.keys.opener.open(body)));
      default:
        throw new PeerError("unexpected-message", "a frame that is not due");
    }
  }

  #handleServerHello(exchange: ClientKeyExchange, { message }: HandshakeMessage): void {
    if (message.case === "rejected") {
      this.#channel.requireNothingMore();
      checkClearRejection(message.value);
      return this.#reject(message.value, false);
    }
    if (message.case !== "serverHello") throw unexpected(message.case);
    const { crypto } = this.#config;
    const share = checkServerHello(message.value, this.#groups, this.#suites);
    const keyMaterial = exchange.finish(share);
    const secrets = deriveHandshakeSecrets(crypto, keyMaterial, this.#transcript.hash());
    wipe(keyMaterial);
    const opener = new FrameOpener(crypto, secrets.server);
    const keys = { suite: message.value.cipherSuite, secrets, opener };
    this.#enter("server-hello", { name: "wait-server-identity", keys });
  }

  #handleServerIdentity(keys: Keys, body: Uint8Array): void {
    const { crypto, identity } = this.#config;
    const { message } = decodeHandshakeMessage(keys.opener.open(body));
    if (message.case !== "serverIdentity") throw unexpected(message.case);
    const { claim, signature } = message.value;
    const { hostKey } = decodeServerClaim(claim);
    if (equalBytes(hostKey, identity.publicKey)) {
      throw new PeerError("own-key", "the server shows this client's own key");
    }
    verifyProof(crypto, "server", hostKey, keys.secrets.server.finished, message.value, {
      signed: this.#transcript.hash(claim),
      finished: this.#transcript.hash(claim, signature),
    });
    this.#transcript.addFrame(frame(body));
    this.#enter("server-identity", { name: "wait-trust", keys });
    this.#channel.emit({ type: "host-key", hostKey });
  }

  #handleResult(state: State & { name: "wait-result" }, { message }: HandshakeMessage): void {
    if (message.case === "rejected") return this.#reject(message.value, true);
    if (message.case !== "accepted") throw unexpected(message.case);
    checkAnswer(this.#config.request, message.value);
    this.#end(
      "accepted",
      { name: "accepted" },
      { type: "accepted", accepted: message.value, secrets: state.connection },
    );
  }

  #reject({ code, text }: Rejected, authenticated: boolean): void {
    this.#end(
      "rejected",
      { name: "rejected" },
      { type: "rejected", code, text: printable(text), authenticated },
    );
  }

  #send(sent: Uint8Array): void {
    this.#transcript.addFrame(sent);
    this.#channel.transmit(sent);
  }

  /** Turns what the peer did wrong into the end; our own faults pass. */
  #guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.#fail(error, "fault");
    }
  }

  #fail(error: PeerError, input: ClientInput): void {
    this.#end(input, { name: "failed" }, { type: "failed", error });
  }

  #end(input: ClientInput, state: State, ...events: readonly ClientHandshakeEvent[]): void {
    this.#enter(input, state);
    this.#channel.timeoutAt = NEVER;
    this.#channel.emit(...events, { type: "close" });
  }

  #enter(input: ClientInput, next: State): void {
    const last = this.#state;
    requireTransition(CLIENT_TRANSITIONS, last.name, input, next.name);
    this.#state = next;
    if ("exchange" in last) last.exchange.wipe();
    if ("keys" in last && !("keys" in next)) wipeHandshakeSecrets(last.keys.secrets);
    if ("connection" in last && next.name !== "accepted") wipeConnectionSecrets(last.connection);
  }
}

function unexpected(found: string | undefined): PeerError {
  return new PeerError("unexpected-message", `${found ?? "nothing"} is not due`);
}
