import { Attachment, type Counts, type SessionEvent } from "libmoshpit/session";
import { wipeConnectionSecrets } from "libmoshpit/handshake";
import { equalBytes, PeerError, seconds, unreachable } from "libmoshpit/util";
import type { ConnectionSecrets, ExitStatus } from "libmoshpit/wire";
import { now } from "libmoshpit-node/clock";
import { nodeCrypto, systemEntropy } from "libmoshpit-node/crypto";
import { Driver } from "libmoshpit-node/net";
import type { Size } from "libmoshpit-node/tty";
import type { Granted } from "./handshake.js";
import { Sockets } from "./sockets.js";

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
  /** The server does not have it any more; `text` is its word. */
  | { readonly kind: "gone"; readonly text: string }
  /** No packet may be sent any more. */
  | { readonly kind: "limit" };

/** What a session tells. */
export interface SessionListener {
  /** `taken` is to be called when the octets are where they belong. */
  output(bytes: Uint8Array, standardError: boolean, taken: () => void): void;
  /** `bufferedAmount` is low again. */
  drain(): void;
  /** Nothing came over UDP since the session was opened. */
  silent(): void;
  /** The server was heard for the first time. */
  established(): void;
  /** Something authentic came. */
  heard(): void;
  /** The system has no way to the server. */
  unreachable(): void;
}

/** How long the first answer over UDP may take before the person is told; milliseconds. */
const SILENCE_NOTICE_MS = 3_000;
/** How long a quitting person waits for the server's word; milliseconds. */
const QUIT_WAIT_MS = 300;

/** A session under way: its attachment, the timers, and the sockets and keys of its connections. */
export class Session {
  readonly #ids: Pick<Granted["session"], "sessionId" | "attachmentId">;
  readonly #attachment: Attachment;
  readonly #driver: Driver<SessionEvent, string>;
  readonly #sockets: Sockets;
  readonly #listener: SessionListener;
  readonly #ended: Promise<SessionEnd>;
  /** The current connection, and one that is tried, by connection id. */
  readonly #connections = new Map<bigint, { readonly path: string; readonly secrets: ConnectionSecrets }>();
  #resolve: (end: SessionEnd) => void = () => undefined;
  #end: SessionEnd | undefined;
  #established = false;
  #quitting = false;
  #timers: NodeJS.Timeout[] = [];

  private constructor(granted: Granted, path: string, sockets: Sockets, listener: SessionListener) {
    const { secrets, session } = granted;
    const { connectionId, sessionId, attachmentId, firstDatagramSeconds } = session;
    this.#ids = { sessionId, attachmentId };
    this.#sockets = sockets;
    this.#listener = listener;
    this.#ended = new Promise((resolve) => (this.#resolve = resolve));
    this.#connections.set(connectionId, { path, secrets });
    this.#attachment = new Attachment({
      role: "client",
      crypto: nodeCrypto,
      entropy: systemEntropy,
      secrets,
      connectionId,
      path,
      firstDatagram: seconds(firstDatagramSeconds),
      now: now(),
    });
    this.#driver = new Driver<SessionEvent, string>(this.#attachment, {
      transmit: (to, bytes) => this.#sockets.send(to, bytes),
      event: (event) => this.#onEvent(event),
    });
    this.#after(SILENCE_NOTICE_MS, () => this.#established || this.#listener.silent());
    this.#driver.run((time) => this.#attachment.handleTimeout(time));
  }

  /** Opens the socket and says hello. */
  static async start(granted: Granted, listener: SessionListener): Promise<Session> {
    const sockets = new Sockets(
      (path, bytes) => session.#received(path, bytes),
      () => listener.unreachable(),
    );
    const path = await sockets.open(granted.address, granted.session.udpPort);
    // Nobody knows the socket before the session speaks.
    const session: Session = new Session(granted, path, sockets, listener);
    return session;
  }

  /** What a handshake has to say to resume this session. */
  get resumePoint(): Counts & { readonly attachmentId: Uint8Array; readonly generation: number } {
    const generation = this.#attachment.generation + 1;
    return { attachmentId: this.#ids.attachmentId, generation, ...this.#attachment.counts };
  }

  /**
   * Goes on over another connection beside the present one, until one is heard. Throws `PeerError` where that is another
   * session or the server's counts can not be (PL-RESUME-007), or what `bind` throws.
   */
  async resume({ secrets, session, address }: Granted): Promise<void> {
    const { connectionId, generation, firstDatagramSeconds } = session;
    if (!equalBytes(session.sessionId, this.#ids.sessionId))
      throw new PeerError("illegal-choice", "the answer is another session");
    const path = await this.#sockets.open(address, session.udpPort);
    this.#connections.set(connectionId, { path, secrets });
    if (!this.#isOpen()) {
      // It ended meanwhile, and what is under way goes on to its end.
      this.#close(connectionId);
      return;
    }
    try {
      this.#driver.run((time) =>
        this.#attachment.resume(time, {
          secrets,
          connectionId,
          generation,
          path,
          firstDatagram: seconds(firstDatagramSeconds),
          nextSequence: Number(session.nextSequence),
          cumulativeSequence: Number(session.cumulativeSequence),
        }),
      );
    } catch (error) {
      this.#close(connectionId);
      throw error;
    }
  }

  /** The server says that the session is not there any more. */
  gone(text: string): void {
    this.#finish({ kind: "gone", text });
  }

  /** The machine slept: asks at once whether the server is there. */
  wake(): void {
    if (this.#end === undefined) this.#driver.run((time) => this.#attachment.wake(time));
  }

  /** When the session is over; the output may still be on its way to the person. */
  get ended(): Promise<SessionEnd> {
    return this.#ended;
  }

  /** Octets of input that the server has not acknowledged. */
  get bufferedAmount(): number {
    return this.#attachment.bufferedAmount;
  }

  /** Input for the remote program. */
  write(bytes: Uint8Array): void {
    if (this.#isOpen()) this.#driver.run((time) => this.#attachment.write(time, bytes));
  }

  /** No input follows. */
  endInput(): void {
    if (this.#isOpen()) this.#driver.run((time) => this.#attachment.end(time));
  }

  resize(size: Size): void {
    const full = { ...size, pixelWidth: 0, pixelHeight: 0 };
    if (this.#isOpen()) this.#driver.run((time) => this.#attachment.resize(time, full));
  }

  /** Ends the session on both sides; `ended` comes within 300 ms, whatever the server does. */
  quit(): void {
    if (!this.#isOpen()) return;
    this.#quitting = true;
    this.#after(QUIT_WAIT_MS, () => this.#finish({ kind: "quit", acknowledged: false }));
    this.#driver.run((time) => this.#attachment.close(time, { reason: "quit" }));
  }

  /** No packets, no timers, no socket, no keys. */
  dispose(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
    this.#driver.stop();
    for (const connectionId of [...this.#connections.keys()]) this.#close(connectionId);
  }

  #isOpen(): boolean {
    return this.#end === undefined && !this.#quitting;
  }

  #received(path: string, bytes: Uint8Array): void {
    const before = this.#attachment.lastHeard;
    this.#driver.run((time) => this.#attachment.handleDatagram(time, path, bytes));
    if (this.#attachment.lastHeard > before) this.#listener.heard();
  }

  #onEvent(event: SessionEvent): void {
    switch (event.type) {
      case "established":
        this.#established = true;
        this.#listener.established();
        return;
      case "data": {
        const { length } = event.bytes;
        const taken = (): void => this.#driver.run((time) => this.#attachment.consumed(time, length));
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
      case "retired":
        this.#close(event.connectionId);
        return;
      case "end":
      case "resize":
      case "path":
      case "resumed":
        // The end of output comes with the Close; sizes are this side's; the server does not move.
        return;
      default:
        unreachable(event);
    }
  }

  /** Of a connection that is over: its keys, and its socket. */
  #close(connectionId: bigint): void {
    const { secrets } = this.#connections.get(connectionId) ?? {};
    if (secrets !== undefined) wipeConnectionSecrets(secrets);
    this.#connections.delete(connectionId);
    this.#sockets.keepOnly([...this.#connections.values()].map(({ path }) => path));
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
      case "no-first-datagram":
        this.#finish({ kind: "no-udp" });
        return;
      case "peer-close":
      case "limit":
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
