import type { Socket } from "node:net";
import { nodeCrypto, systemEntropy } from "libmoshpit-node/crypto";
import { fingerprint, type Identity } from "libmoshpit-node/keys";
import type { Log } from "libmoshpit-node/log";
import { Driver, endpointText } from "libmoshpit-node/net";
import type { Account } from "libmoshpit-node/users";
import {
  ServerHandshake,
  wipeConnectionSecrets,
  type AuthorizeEvent,
  type ServerHandshakeEvent,
} from "libmoshpit/handshake";
import { unreachable, type Micros, type PeerError } from "libmoshpit/util";
import { RejectCode } from "libmoshpit/wire";
import type { Claim, Verdict } from "./authorize.js";
import { OpenError } from "./host-requests.js";
import { LINGER_MS } from "./limits.js";
import type { OpenedSession, SessionOpener } from "./session-opener.js";

export interface ConnectionConfig {
  readonly identity: Identity;
  readonly log: Log;
  readonly deadline: Micros;
  readonly authorize: (claim: Claim) => Promise<Verdict>;
  readonly opener: SessionOpener;
}

/** One TCP connection: a handshake, and then nothing. */
export class HandshakeConnection {
  readonly #socket: Socket;
  readonly #config: ConnectionConfig;
  /** Without the port, and with it. */
  readonly #address: string;
  readonly #peer: string;
  readonly #machine: ServerHandshake;
  readonly #driver: Driver<ServerHandshakeEvent>;
  #finished = false;

  constructor(socket: Socket, config: ConnectionConfig) {
    this.#socket = socket;
    this.#config = config;
    this.#address = socket.remoteAddress ?? "?";
    this.#peer = endpointText(socket.remoteAddress, socket.remotePort);
    const { identity, deadline } = config;
    this.#machine = new ServerHandshake({ crypto: nodeCrypto, entropy: systemEntropy, identity, deadline });
    this.#driver = new Driver(this.#machine, {
      transmit: (_path, bytes) => void socket.write(bytes),
      event: (event) => this.#handle(event),
    });
    socket.on("data", (bytes: Uint8Array) =>
      this.#driver.run((now) => this.#machine.handleBytes(now, bytes)),
    );
    socket.on("end", () => this.#ended());
    // "close" follows, and says all that there is to know.
    socket.on("error", () => undefined);
    socket.on("close", () => this.#ended());
    this.#driver.run((now) => this.#machine.start(now));
  }

  /** Ends it from this side, without a word. */
  destroy(): void {
    this.#driver.stop();
    this.#socket.destroy();
  }

  #handle(event: ServerHandshakeEvent): void {
    switch (event.type) {
      case "authorize":
        void this.#answer(event);
        return;
      case "failed":
        this.#failed(event.error);
        return;
      case "close":
        this.#finish();
        return;
      default:
        unreachable(event);
    }
  }

  /** Never rejects: what goes wrong here is refused to the client and told to the log. */
  async #answer(event: AuthorizeEvent): Promise<void> {
    try {
      await this.#decide(event);
    } catch (error) {
      const code = error instanceof OpenError ? error.code : RejectCode.INTERNAL;
      const text = error instanceof OpenError || !(error instanceof Error) ? String(error) : error.stack;
      this.#config.log.error(`refused ${this.#facts(event)} rule=${ruleOf(code)}: ${text}`);
      this.#reject(code, textFor(code));
    } finally {
      wipeConnectionSecrets(event.secrets);
    }
  }

  async #decide(event: AuthorizeEvent): Promise<void> {
    const { log, authorize } = this.#config;
    const verdict = await authorize(event);
    if (verdict.kind === "refused") {
      const { rule, reason, remedy } = verdict;
      const line = `refused ${this.#facts(event)} rule=${rule}: ${reason}; to allow it: ${remedy}`;
      log.warnLimited(`${rule} ${this.#address}`, line);
      this.#reject(RejectCode.NOT_AUTHORIZED, "");
      return;
    }
    const { account, line } = verdict;
    const session = await this.#grant(account, event);
    if (session === undefined) {
      log.info(`refused ${this.#facts(event)} rule=unsupported-request: ${event.request.case}`);
      this.#reject(RejectCode.UNSUPPORTED_REQUEST, `this server can not ${event.request.case} sessions`);
      return;
    }
    let accepted = false;
    this.#driver.run((now) => {
      accepted = this.#machine.accept(now, session.accepted);
    });
    if (!accepted) session.undo("the client went away before it was told");
    const granted = event.request.case === "resume" ? "resumed" : "accepted";
    const word = accepted ? granted : "gone";
    log.info(`${word} ${this.#facts(event)} line=${line} session=${session.name} udp=${session.udpPort}`);
  }

  async #grant(account: Account, event: AuthorizeEvent): Promise<OpenedSession | undefined> {
    const { opener } = this.#config;
    const { request } = event;
    switch (request.case) {
      case "open":
        return await opener.open(account, event, this.#peer);
      case "resume":
        return await opener.resume(account, request.value, event, this.#peer);
      default:
        return undefined;
    }
  }

  #facts({ user, publicKey }: Claim): string {
    return `user=${user} address=${this.#peer} key=${fingerprint(publicKey)}`;
  }

  #reject(code: RejectCode, text: string): void {
    this.#driver.run((now) => void this.#machine.reject(now, code, text));
  }

  #failed(error: PeerError): void {
    this.#config.log.infoLimited(
      `handshake ${error.code}`,
      `handshake failed address=${this.#peer} code=${error.code}: ${error.message}`,
    );
  }

  /** The peer ended its half, or the socket is gone. */
  #ended(): void {
    if (this.#finished) this.#socket.destroy();
    else this.#driver.run((now) => this.#machine.handleEnd(now));
  }

  /**
   * What was written leaves, this side ends, and the peer is to end its own. Destroyed at once, octets that it still
   * sends would be answered with a reset, which can overtake ours.
   */
  #finish(): void {
    this.#finished = true;
    this.#driver.stop();
    this.#socket.removeAllListeners("data");
    this.#socket.resume();
    this.#socket.end();
    if (this.#socket.readableEnded) this.#socket.destroySoon();
    const linger = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    this.#socket.once("close", () => clearTimeout(linger));
  }
}

/** A code's name as the log writes rules: `no-udp-port`. */
function ruleOf(code: RejectCode): string {
  const [name] = Object.entries(RejectCode).find(([, value]) => value === code) ?? ["INTERNAL"];
  return name.toLowerCase().replaceAll("_", "-");
}

/** What the client is told; the log says more. */
function textFor(code: RejectCode): string {
  switch (code) {
    case RejectCode.NO_UDP_PORT:
      return "the server has no free UDP port";
    case RejectCode.BUSY:
      return "too many sessions of this user";
    case RejectCode.NAME_TAKEN:
      return "there is a session of that name";
    case RejectCode.NO_SUCH_SESSION:
      return "there is no such session any more";
    case RejectCode.START_FAILED:
      return "the shell could not be started";
    default:
      return "something went wrong in the server";
  }
}
