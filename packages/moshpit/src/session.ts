import { Attachment, type SessionEvent } from "libmoshpit/session";
import { unreachable } from "libmoshpit/util";
import type { ExitStatus } from "libmoshpit/wire";
import { now } from "libmoshpit-node/clock";
import { nodeCrypto, systemEntropy } from "libmoshpit-node/crypto";
import { Driver, pathOf, UdpClient } from "libmoshpit-node/net";
import type { Size } from "libmoshpit-node/tty";
import type { Granted } from "./handshake.js";

/** How a session ended. */
export type SessionEnd =
  /** The remote program ended. */
  | { readonly kind: "exited"; readonly status: ExitStatus }
  /** This side asked for it; `acknowledged`: the server said so. */
  | { readonly kind: "quit"; readonly acknowledged: boolean }
  /** The server ended it, for a reason. */
  | { readonly kind: "ended"; readonly reason: string; readonly text: string | undefined }
  /** Nothing authentic ever came over UDP. */
  | { readonly kind: "no-udp" }
  /** No packet may be sent any more. */
  | { readonly kind: "limit" };

/** What a session tells. */
export interface SessionListener {
  /** `taken` is to be called when the octets are where they belong. */
  output(bytes: Uint8Array, standardError: boolean, taken: () => void): void;
  /** `bufferedAmount` is low again. */
  drain(): void;
  /** Nothing came over UDP for a while; `path` is where to. */
  silent(): void;
}

/** How long the first answer over UDP may take before the person is told; milliseconds. */
const SILENCE_NOTICE_MS = 3_000;
/** How long a quitting person waits for the server's word; milliseconds. */
const QUIT_WAIT_MS = 300;

/** A session under way: one connection, its socket and its timers. */
export class Session {
  readonly #connection: Attachment;
  readonly #driver: Driver<SessionEvent, string>;
  readonly #udp: UdpClient;
  readonly #listener: SessionListener;
  readonly #ended: Promise<SessionEnd>;
  #resolve: (end: SessionEnd) => void = () => undefined;
  #end: SessionEnd | undefined;
  #established = false;
  #quitting = false;
  #timers: NodeJS.Timeout[] = [];

  private constructor(granted: Granted, udp: UdpClient, listener: SessionListener) {
    this.#udp = udp;
    this.#listener = listener;
    this.#ended = new Promise((resolve) => (this.#resolve = resolve));
    this.#connection = new Attachment({
      role: "client",
      crypto: nodeCrypto,
      entropy: systemEntropy,
      secrets: granted.secrets,
      connectionId: granted.session.connectionId,
      path: pathOf(granted.address.address, granted.session.udpPort),
      now: now(),
    });
    this.#driver = new Driver<SessionEvent, string>(this.#connection, {
      transmit: (path, bytes) => this.#udp.send(path, bytes),
      event: (event) => this.#onEvent(event),
    });
    this.#after(SILENCE_NOTICE_MS, () => this.#established || this.#listener.silent());
    this.#after(granted.session.firstDatagramSeconds * 1_000, () => {
      if (!this.#established) this.#finish({ kind: "no-udp" });
    });
    this.#driver.run((time) => this.#connection.handleTimeout(time));
  }

  /** Opens the socket and says hello. */
  static async start(granted: Granted, listener: SessionListener): Promise<Session> {
    const udp = await UdpClient.open(granted.address.family, (path, bytes) => session.#received(path, bytes));
    // Nobody knows the socket before the session speaks.
    const session: Session = new Session(granted, udp, listener);
    return session;
  }

  /** When the session is over; the output may still be on its way to the person. */
  get ended(): Promise<SessionEnd> {
    return this.#ended;
  }

  /** Octets of input that the server has not acknowledged. */
  get bufferedAmount(): number {
    return this.#connection.bufferedAmount;
  }

  /** Input for the remote program. */
  write(bytes: Uint8Array): void {
    if (this.#isOpen()) this.#driver.run((time) => this.#connection.write(time, bytes));
  }

  /** No input follows. */
  endInput(): void {
    if (this.#isOpen()) this.#driver.run((time) => this.#connection.end(time));
  }

  resize(size: Size): void {
    const full = { ...size, pixelWidth: 0, pixelHeight: 0 };
    if (this.#isOpen()) this.#driver.run((time) => this.#connection.resize(time, full));
  }

  /** Ends the session on both sides; `ended` comes within 300 ms, whatever the server does. */
  quit(): void {
    if (!this.#isOpen()) return;
    this.#quitting = true;
    this.#after(QUIT_WAIT_MS, () => this.#finish({ kind: "quit", acknowledged: false }));
    this.#driver.run((time) => this.#connection.close(time, { reason: "quit" }));
  }

  /** No packets, no timers, no socket. */
  dispose(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
    this.#driver.stop();
    this.#udp.close();
  }

  #isOpen(): boolean {
    return this.#end === undefined && !this.#quitting;
  }

  #received(path: string, bytes: Uint8Array): void {
    this.#driver.run((time) => this.#connection.handleDatagram(time, path, bytes));
  }

  #onEvent(event: SessionEvent): void {
    switch (event.type) {
      case "established":
        this.#established = true;
        return;
      case "data": {
        const { length } = event.bytes;
        const taken = (): void => this.#driver.run((time) => this.#connection.consumed(time, length));
        this.#listener.output(event.bytes, event.standardError, taken);
        return;
      }
      case "drain":
        this.#listener.drain();
        return;
      case "close":
        this.#onClose(event);
        return;
      case "closed":
        this.#onClosed(event.cause);
        return;
      case "end":
      case "resize":
      case "path":
      case "resumed":
      case "retired":
        // The end of output comes with the Close; sizes are this side's; the server does not move.
        return;
      default:
        unreachable(event);
    }
  }

  #onClose(event: Extract<SessionEvent, { type: "close" }>): void {
    this.#end ??= this.#quitting ? { kind: "quit", acknowledged: true } : endOf(event);
    // The machine stays until the server can know that this arrived; "closed" follows.
  }

  #onClosed(cause: Extract<SessionEvent, { type: "closed" }>["cause"]): void {
    switch (cause) {
      case "local-close-acknowledged":
        this.#finish({ kind: "quit", acknowledged: true });
        return;
      case "local-close-unanswered":
        this.#finish({ kind: "quit", acknowledged: false });
        return;
      case "peer-close":
      case "limit":
      case "no-first-datagram":
      case "detached-too-long":
        this.#finish(this.#end ?? { kind: "limit" });
        return;
      default:
        unreachable(cause);
    }
  }

  #finish(end: SessionEnd): void {
    this.#end ??= end;
    this.#resolve(this.#end);
    this.dispose();
  }

  #after(milliseconds: number, action: () => void): void {
    this.#timers.push(setTimeout(action, milliseconds));
  }
}

function endOf(close: Extract<SessionEvent, { type: "close" }>): SessionEnd {
  if (close.reason === "exited" && close.exit !== undefined) return { kind: "exited", status: close.exit };
  return { kind: "ended", reason: close.reason, text: close.text };
}
