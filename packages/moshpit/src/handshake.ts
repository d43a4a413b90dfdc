import type { Socket } from "node:net";
import { ClientHandshake, type ClientHandshakeEvent } from "libmoshpit/handshake";
import { seconds, unreachable, type Micros, type PeerError } from "libmoshpit/util";
import {
  RejectCode,
  type CipherSuite,
  type ClientRequest,
  type ConnectionSecrets,
  type SessionAccepted,
} from "libmoshpit/wire";
import { nodeCrypto, systemEntropy } from "libmoshpit-node/crypto";
import type { Identity } from "libmoshpit-node/keys";
import { dial, DialError, Driver, resolveHost, ResolveError, type Address } from "libmoshpit-node/net";
import { Failure, type FailureKind } from "./failure.js";
import {
  explainDialError,
  explainHandshakeFailure,
  explainRejection,
  explainResolveError,
  type Target,
} from "./ui/explain.js";

/** A session that a server granted. */
export interface Granted {
  readonly session: SessionAccepted;
  readonly secrets: ConnectionSecrets;
  /** Where TCP reached the server; UDP goes there, too. */
  readonly address: Address;
  /** What the server has proved to be. */
  readonly hostKey: Uint8Array;
}

/** Decides whether a host key is the server's. */
export interface HostKeyJudge {
  /** In the middle of a handshake: `true` to go on, `false` to close it and call `confirm`. Throws `Failure`. */
  accepts(hostKey: Uint8Array): Promise<boolean>;
  /** Between two handshakes. Throws `Failure` where the answer is no. */
  confirm(hostKey: Uint8Array): Promise<void>;
}

export interface HandshakeOptions {
  readonly target: Target;
  readonly identity: Identity;
  readonly trust: HostKeyJudge;
  readonly request: ClientRequest;
  /** Absent: all. */
  readonly cipherSuites: readonly CipherSuite[] | undefined;
  readonly signal: AbortSignal;
  /** The peer took the connection and says nothing for a while. */
  readonly waiting: () => void;
}

/** For all addresses together: a connection takes up to two round trips of the worst links, lost packets included. */
const DIAL_TIMEOUT_MS = 20_000;
/** Dialling included: the first message is made while TCP connects. The server has a deadline of its own. */
const HANDSHAKE_DEADLINE = seconds(50);

/** How long a peer may say nothing before the person is told; milliseconds. */
const SILENCE_NOTICE_MS = 5_000;

/** How one handshake ended without an error. */
type Round =
  | { readonly kind: "granted"; readonly granted: Granted }
  | { readonly kind: "unknown-host"; readonly hostKey: Uint8Array };

/**
 * Dials and asks for a session, twice where the person has to confirm the host key in between. When it returns, no TCP
 * socket is left. Throws `Failure`, or the signal's reason.
 */
export async function requestSession(options: HandshakeOptions): Promise<Granted> {
  for (;;) {
    const round = await shakeHands(options);
    if (round.kind === "granted") return round.granted;
    await options.trust.confirm(round.hostKey);
  }
}

async function shakeHands(options: HandshakeOptions): Promise<Round> {
  const conversation = new Conversation(options);
  try {
    const { socket, address } = await reach(options);
    try {
      return await conversation.over(socket, address);
    } finally {
      await closed(socket);
    }
  } finally {
    conversation.dispose();
  }
}

async function reach({ target, signal }: HandshakeOptions): ReturnType<typeof dial> {
  try {
    const addresses = await abortable(resolveHost(target.host), signal);
    return await dial(addresses, { port: target.port, timeoutMs: DIAL_TIMEOUT_MS, signal });
  } catch (error) {
    if (error instanceof ResolveError) throw new Failure(explainResolveError(error), "unreachable");
    if (error instanceof DialError) throw new Failure(explainDialError(error, target), "unreachable");
    throw error;
  }
}

/** One run of the handshake's machine. */
class Conversation {
  readonly #options: HandshakeOptions;
  readonly #handshake: ClientHandshake;
  readonly #driver: Driver<ClientHandshakeEvent>;
  readonly #unsent: Uint8Array[] = [];
  #silence: NodeJS.Timeout | undefined;
  #socket: Socket | undefined;
  #address: Address | undefined;
  #hostKey: Uint8Array | undefined;
  #resolve: (round: Round) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  /** Makes the first message at once: its keys cost time that dialling takes anyway. */
  constructor(options: HandshakeOptions) {
    this.#options = options;
    this.#handshake = new ClientHandshake({
      crypto: nodeCrypto,
      entropy: systemEntropy,
      identity: options.identity,
      user: options.target.user,
      request: options.request,
      deadline: HANDSHAKE_DEADLINE,
      ...(options.cipherSuites === undefined ? {} : { cipherSuites: options.cipherSuites }),
    });
    this.#driver = new Driver<ClientHandshakeEvent>(this.#handshake, {
      transmit: (_path, bytes) => this.#transmit(bytes),
      event: (event) => this.#onEvent(event),
    });
    // Dialling and the machine's own construction both need a turn of the event loop: dial first.
    setImmediate(() => this.#driver.run((now) => this.#start(now)));
  }

  async over(socket: Socket, address: Address): Promise<Round> {
    const { signal } = this.#options;
    return await new Promise<Round>((resolve, reject) => {
      [this.#resolve, this.#reject] = [resolve, reject];
      [this.#socket, this.#address] = [socket, address];
      signal.throwIfAborted();
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      this.#silence = setTimeout(this.#options.waiting, SILENCE_NOTICE_MS);
      socket.once("data", () => clearTimeout(this.#silence));
      socket.on("data", (bytes) => this.#driver.run((now) => this.#handshake.handleBytes(now, bytes)));
      socket.on("end", () => this.#driver.run((now) => this.#handshake.handleEnd(now)));
      socket.on("error", () => this.#driver.run((now) => this.#handshake.handleEnd(now)));
      for (const bytes of this.#unsent.splice(0)) socket.write(bytes);
    });
  }

  dispose(): void {
    clearTimeout(this.#silence);
    this.#driver.run((now) => this.#handshake.close(now));
    this.#driver.stop();
  }

  #start(now: Micros): void {
    if (!this.#handshake.isOver) this.#handshake.start(now);
  }

  #transmit(bytes: Uint8Array): void {
    if (this.#socket === undefined) this.#unsent.push(bytes);
    else this.#socket.write(bytes);
  }

  #onEvent(event: ClientHandshakeEvent): void {
    const { target } = this.#options;
    switch (event.type) {
      case "host-key":
        void this.#judge(event.hostKey);
        return;
      case "accepted": {
        const { result } = event.accepted;
        const address = this.#address;
        const hostKey = this.#hostKey;
        if (result.case === "session" && address !== undefined && hostKey !== undefined) {
          this.#resolve({
            kind: "granted",
            granted: { session: result.value, secrets: event.secrets, address, hostKey },
          });
        } else {
          this.#reject(
            new Failure(`${target.host} answered another question than was asked: update its mps`),
          );
        }
        return;
      }
      case "rejected":
        this.#reject(
          new Failure(explainRejection(event.code, event.text, target), kindOfRejection(event.code)),
        );
        return;
      case "failed":
        this.#reject(new Failure(explainHandshakeFailure(event.error, target), kindOfFailure(event.error)));
        return;
      case "close":
        // Follows one of the others; the socket closes with the conversation.
        return;
      default:
        unreachable(event);
    }
  }

  async #judge(hostKey: Uint8Array): Promise<void> {
    try {
      if (await this.#options.trust.accepts(hostKey)) {
        this.#hostKey = hostKey;
        this.#driver.run((now) => this.#handshake.trustHostKey(now));
      } else {
        this.#resolve({ kind: "unknown-host", hostKey });
      }
    } catch (error) {
      this.#reject(error);
    }
  }
}

function kindOfRejection(code: RejectCode): FailureKind {
  return code === RejectCode.NO_SUCH_SESSION ? "gone" : "refused";
}

/** Silence and a connection that was cut short are the network's doing as a rule. */
function kindOfFailure({ code }: PeerError): FailureKind {
  return code === "deadline-exceeded" || code === "connection-closed" ? "unreachable" : "refused";
}

/** Nothing of TCP is left when a session begins. */
async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) {
    await new Promise<void>((resolve) => {
      socket.once("close", () => resolve());
      socket.destroy();
    });
  }
}

async function abortable<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return await new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason as Error);
    if (signal.aborted) aborted();
    signal.addEventListener("abort", aborted, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", aborted));
  });
}
