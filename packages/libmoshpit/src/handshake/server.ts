import {
  after,
  equalBytes,
  millis,
  NEVER,
  PeerError,
  seconds,
  UsageError,
  wipe,
  type Machine,
  type Micros,
  type Output,
} from "../util/index.js";
import {
  decodeClientClaim,
  decodeHandshakeMessage,
  encodeHandshakeMessage,
  encodeOpenRequest,
  encodeServerClaim,
  frame,
  HANDSHAKE_DEADLINE_SECONDS,
  RANDOM_OCTETS,
  REFUSAL_DELAY_MILLISECONDS,
  RejectCode,
  type AcceptedInit,
  type CipherSuite,
  type ClientClaim,
  type ClientHello,
  type ConnectionSecrets,
  type KeyExchangeGroup,
} from "../wire/index.js";
import { Channel } from "./channel.js";
import { CLEAR_REJECT_CODES } from "./client-checks.js";
import { ALL_GROUPS, answerKeyShare } from "./key-exchange.js";
import {
  deriveHandshakeSecrets,
  deriveUdpSecrets,
  wipeHandshakeSecrets,
  type HandshakeSecrets,
} from "./key-schedule.js";
import { ALL_CIPHER_SUITES, offersOf } from "./offers.js";
import { FrameOpener, FrameSealer } from "./sealed-frames.js";
import { negotiate } from "./server-choice.js";
import type { AuthorizeEvent, ServerHandshakeConfig, ServerHandshakeEvent } from "./server-types.js";
import { makeProof, verifyProof } from "./signatures.js";
import { Transcript } from "./transcript.js";
import { isFinal, requireTransition, SERVER_TRANSITIONS, type ServerInput } from "./transitions.js";

/** The variants carry what is secret in them; `#enter` wipes what the next one does not take over. */
type State =
  | { readonly name: "idle" | "wait-client-hello" }
  | { readonly name: "wait-client-identity"; readonly keys: Keys }
  | { readonly name: "authorizing"; readonly keys: Keys; readonly identityAt: Micros }
  | {
      readonly name: "refusing";
      readonly refusal: Uint8Array;
      readonly deadline: Micros;
    }
  | { readonly name: "accepted" | "rejected" | "failed" | "closed" };

interface Keys {
  readonly suite: CipherSuite;
  readonly secrets: HandshakeSecrets;
  readonly sealer: FrameSealer;
}

/** The one text of a NOT_AUTHORIZED. HS-NA-001. */
export const NOT_AUTHORIZED_TEXT = "not authorized";

/** The server's side of the handshake. spec/03-handshake.md; the states are those of `SERVER_TRANSITIONS`. */
export class ServerHandshake implements Machine<ServerHandshakeEvent> {
  readonly #config: ServerHandshakeConfig;
  readonly #groups: readonly KeyExchangeGroup[];
  readonly #suites: readonly CipherSuite[];
  readonly #channel = new Channel<ServerHandshakeEvent>();
  readonly #transcript: Transcript;
  #state: State = { name: "idle" };

  /** Throws `UsageError` for offers that the protocol does not know. */
  constructor(config: ServerHandshakeConfig) {
    this.#config = config;
    this.#groups = offersOf(ALL_GROUPS, config.groups);
    this.#suites = offersOf(ALL_CIPHER_SUITES, config.cipherSuites);
    this.#transcript = new Transcript(config.crypto);
  }

  /** Whether the handshake has ended, one way or another. */
  get isOver(): boolean {
    return isFinal(this.#state.name);
  }

  /** A connection was accepted; once. */
  start(now: Micros): void {
    if (this.#state.name !== "idle") throw new UsageError("the handshake was started already");
    this.#channel.timeoutAt = after(now, this.#config.deadline ?? seconds(HANDSHAKE_DEADLINE_SECONDS));
    this.#enter("start", { name: "wait-client-hello" });
  }

  /** Octets from the client, cut anyhow. */
  handleBytes(now: Micros, bytes: Uint8Array): void {
    this.handleTimeout(now);
    if (this.#state.name === "idle") throw new UsageError("the handshake was not started");
    if (this.isOver || bytes.length === 0) return;
    this.#guarded(() => {
      this.#channel.push(bytes);
      if (this.#state.name === "authorizing" || this.#state.name === "refusing") {
        this.#channel.requireNothingMore();
      }
      const body = this.#channel.nextFrame();
      if (body === undefined) return;
      // The client's turn is over with every frame of its own.
      this.#channel.requireNothingMore();
      this.#handleFrame(now, body);
    });
  }

  /** The client's end of the stream. */
  handleEnd(now: Micros): void {
    this.handleTimeout(now);
    if (this.isOver) return;
    this.#fail(new PeerError("connection-closed", "the client closed the connection"), "end-of-stream");
  }

  handleTimeout(now: Micros): void {
    if (this.isOver || now < this.#channel.timeoutAt) return;
    const state = this.#state;
    if (state.name === "refusing" && now < state.deadline) return this.#sendRefusal(state.refusal);
    this.#fail(new PeerError("deadline-exceeded", "the handshake took too long"), "deadline");
  }

  /**
   * Grants the request of event authorize: sends Accepted. False, and nothing is sent, if the handshake ended
   * meanwhile. Throws `UsageError` before that event and for an answer that the protocol can not carry.
   */
  accept(now: Micros, accepted: AcceptedInit): boolean {
    this.handleTimeout(now);
    if (this.isOver) return false;
    if (this.#state.name !== "authorizing") throw new UsageError("there is no request to accept");
    const message = encodeHandshakeMessage({ message: { case: "accepted", value: accepted } });
    this.#channel.transmit(this.#state.keys.sealer.seal(message));
    this.#end("accept", { name: "accepted" });
    return true;
  }

  /**
   * Refuses: the request of event authorize, or the connection before its ClientHello arrived (then only with BUSY
   * or INTERNAL). NOT_AUTHORIZED has one text, whatever `text` says, and leaves `refusalDelay` after ClientIdentity arrived. False, and
   * nothing is sent, if the handshake ended meanwhile.
   */
  reject(now: Micros, code: RejectCode, text: string): boolean {
    this.handleTimeout(now);
    if (this.isOver) return false;
    const state = this.#state;
    if (state.name === "wait-client-hello") {
      this.#rejectInClear(code, text);
      this.#end("reject", { name: "rejected" });
      return true;
    }
    if (state.name !== "authorizing") throw new UsageError("there is nothing to reject");
    if (code === RejectCode.NOT_AUTHORIZED) this.#refuse(now, state);
    else {
      this.#channel.transmit(state.keys.sealer.seal(rejection(code, text)));
      this.#end("reject", { name: "rejected" });
    }
    return true;
  }

  /** Ends the handshake from this side. */
  close(now: Micros): void {
    this.handleTimeout(now);
    if (this.isOver) return;
    this.#end("close", { name: "closed" });
  }

  pollOutput(): Output<ServerHandshakeEvent> {
    return this.#channel.poll();
  }

  #handleFrame(now: Micros, body: Uint8Array): void {
    switch (this.#state.name) {
      case "wait-client-hello":
        return this.#handleClientHello(body);
      case "wait-client-identity":
        return this.#handleClientIdentity(now, this.#state.keys, body);
      default:
        throw new PeerError("unexpected-message", "a frame that is not due");
    }
  }

  #handleClientHello(body: Uint8Array): void {
    const { message } = decodeHandshakeMessage(body);
    if (message.case !== "clientHello") throw unexpected(message.case);
    this.#transcript.addFrame(frame(body));
    this.#answerHello(message.value);
  }

  #answerHello(hello: ClientHello): void {
    const { crypto, entropy } = this.#config;
    const chosen = negotiate(hello, this.#groups, this.#suites);
    if (chosen.kind === "nothing-in-common") {
      this.#rejectInClear(chosen.rejectCode, chosen.text);
      throw new PeerError(chosen.error, chosen.text);
    }
    const random = entropy.bytes("server.random", RANDOM_OCTETS);
    const { share, keyMaterial } = answerKeyShare(crypto, entropy, chosen.share);
    const { version, cipherSuite } = chosen;
    this.#send(
      frame(
        encodeHandshakeMessage({
          message: { case: "serverHello", value: { version, random, keyShare: { ...share }, cipherSuite } },
        }),
      ),
    );
    const secrets = deriveHandshakeSecrets(crypto, keyMaterial, this.#transcript.hash());
    wipe(keyMaterial);
    const sealer = new FrameSealer(crypto, secrets.server);
    this.#enter("client-hello", {
      name: "wait-client-identity",
      keys: { suite: cipherSuite, secrets, sealer },
    });
    this.#sendIdentity(secrets, sealer);
  }

  #sendIdentity(secrets: HandshakeSecrets, sealer: FrameSealer): void {
    const { crypto, identity } = this.#config;
    const claim = encodeServerClaim({ hostKey: identity.publicKey });
    const proof = makeProof(crypto, "server", identity.seed, secrets.server.finished, {
      signed: this.#transcript.hash(claim),
      finished: (signature) => this.#transcript.hash(claim, signature),
    });
    const message = encodeHandshakeMessage({
      message: { case: "serverIdentity", value: { claim, ...proof } },
    });
    this.#send(sealer.seal(message));
  }

  #handleClientIdentity(now: Micros, keys: Keys, body: Uint8Array): void {
    const { crypto, identity } = this.#config;
    const opened = new FrameOpener(crypto, keys.secrets.client).open(body);
    const { message } = decodeHandshakeMessage(opened);
    if (message.case !== "clientIdentity") throw unexpected(message.case);
    const { claim, signature } = message.value;
    const claimed = decodeClientClaim(claim);
    if (equalBytes(claimed.publicKey, identity.publicKey)) {
      throw new PeerError("own-key", "the client shows this server's own key");
    }
    verifyProof(crypto, "client", claimed.publicKey, keys.secrets.client.finished, message.value, {
      signed: this.#transcript.hash(claim),
      finished: this.#transcript.hash(claim, signature),
    });
    this.#transcript.addFrame(frame(body));
    const udp = deriveUdpSecrets(crypto, keys.secrets.mainSecret, this.#transcript.hash(), keys.suite);
    wipe(udp.clientTraffic, udp.serverTraffic);
    this.#enter("client-identity", { name: "authorizing", keys, identityAt: now });
    this.#channel.emit(authorizeEvent(claimed, udp.connection));
  }

  #refuse(now: Micros, state: State & { name: "authorizing" }): void {
    const refusal = state.keys.sealer.seal(rejection(RejectCode.NOT_AUTHORIZED, NOT_AUTHORIZED_TEXT));
    const deadline = this.#channel.timeoutAt;
    const delay = this.#config.refusalDelay ?? millis(REFUSAL_DELAY_MILLISECONDS);
    const at = after(state.identityAt, delay);
    this.#enter("refuse", { name: "refusing", refusal, deadline });
    this.#channel.timeoutAt = at < deadline ? at : deadline;
    this.handleTimeout(now);
  }

  #sendRefusal(refusal: Uint8Array): void {
    this.#channel.transmit(refusal);
    this.#end("refusal-due", { name: "rejected" });
  }

  #rejectInClear(code: RejectCode, text: string): void {
    if (!CLEAR_REJECT_CODES.includes(code))
      throw new UsageError(`reject code ${code} may not travel in the clear`);
    this.#channel.transmit(frame(rejection(code, text)));
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

  #fail(error: PeerError, input: ServerInput): void {
    this.#end(input, { name: "failed" }, { type: "failed", error });
  }

  #end(input: ServerInput, state: State, ...events: readonly ServerHandshakeEvent[]): void {
    this.#enter(input, state);
    this.#channel.timeoutAt = NEVER;
    this.#channel.emit(...events, { type: "close" });
  }

  #enter(input: ServerInput, next: State): void {
    const last = this.#state;
    requireTransition(SERVER_TRANSITIONS, last.name, input, next.name);
    this.#state = next;
    if ("keys" in last && !("keys" in next)) wipeHandshakeSecrets(last.keys.secrets);
  }
}

function authorizeEvent(claim: ClientClaim, secrets: ConnectionSecrets): AuthorizeEvent {
  const { user, publicKey, request } = claim;
  if (request.case === undefined) throw new UsageError("decoding checked that there is a request");
  const event = { type: "authorize", user, publicKey, request, secrets } as const;
  return request.case === "open" ? { ...event, openRequestBytes: encodeOpenRequest(request.value) } : event;
}

function rejection(code: RejectCode, text: string): Uint8Array {
  return encodeHandshakeMessage({ message: { case: "rejected", value: { code, text } } });
}

function unexpected(found: string | undefined): PeerError {
  return new PeerError("unexpected-message", `${found ?? "nothing"} is not due`);
}
