import type { OpenSession, ResumeAttachment, RunningSessionInit, Serve } from "libmoshpit-node/host-link";
import type { Log } from "libmoshpit-node/log";
import { NoUdpPortError, UdpServer } from "libmoshpit-node/net";
import { systemEntropy } from "libmoshpit-node/crypto";
import { PeerError, toHex } from "libmoshpit/util";
import { connectionIdOf, type Counts } from "libmoshpit/session";
import { decodeOpenRequest, RejectCode } from "libmoshpit/wire";
import { DroppedDatagrams } from "./dropped-datagrams.js";
import { Session } from "./session.js";
import { chooseName } from "./session-name.js";
import { StartError } from "./start-program.js";
import type { Uplink } from "./uplink.js";

export interface SessionHostConfig {
  readonly serve: Serve;
  readonly uplink: Uplink;
  readonly log: Log;
  /** Nothing is left to do: the process is to end. */
  readonly exit: () => void;
}

/** How long a host without sessions waits for the next, and, without a listener, for that. */
const IDLE_MS = 30_000;
const ALONE_MS = 3_000;
/** How often the log may hear of datagrams that were dropped. */
const SUMMARY_MS = 60_000;

/** A session can not be opened or resumed; the code goes to the person, the text to the log. */
class Refusal extends Error {
  readonly code: RejectCode;

  constructor(code: RejectCode, text: string) {
    super(text);
    this.code = code;
  }
}

/** All sessions of one user, and the one UDP socket that they share. */
export class SessionHost {
  readonly #config: SessionHostConfig;
  readonly #byConnection = new Map<bigint, Session>();
  readonly #byId = new Map<string, Session>();
  /** What a listener that finds this host is told of them. */
  readonly #told = new Map<string, RunningSessionInit>();
  /** Sessions that are being opened, and whether they were ended meanwhile. */
  readonly #opening = new Map<string, { ended: boolean }>();
  readonly #dropped = new DroppedDatagrams();
  readonly #minutely: NodeJS.Timeout;
  #socket: Promise<UdpServer> | undefined;
  #bound: UdpServer | undefined;
  #idle: NodeJS.Timeout | undefined;
  #idleMs = IDLE_MS;

  constructor(config: SessionHostConfig) {
    this.#config = config;
    this.#minutely = setInterval(() => this.#summarize(), SUMMARY_MS);
    this.#settle();
  }

  /** Opens a session and answers SessionOpened or SessionRefused. */
  async open(request: OpenSession): Promise<void> {
    const { uplink, log } = this.#config;
    const { sessionId } = request;
    const asked = uplink.link;
    const key = toHex(sessionId);
    const state = { ended: false };
    this.#opening.set(key, state);
    try {
      const { session, port } = await this.#start(request, key);
      if (state.ended) session.end("the client went away before it was told");
      // Nobody would tell it.
      else if (uplink.link !== asked) session.end("the listener ended before the client was told");
      uplink.send({ case: "sessionOpened", value: { sessionId, sessionName: session.name, udpPort: port } });
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(RejectCode.INTERNAL, String(error));
      if (!(error instanceof Refusal)) log.error(`a session could not be opened: ${stackOf(error)}`);
      uplink.send({
        case: "sessionRefused",
        value: { sessionId, code: refusal.code, text: refusal.message },
      });
    } finally {
      this.#opening.delete(key);
      this.#settle();
    }
  }

  /** Gives an attachment another connection and answers AttachmentResumed or ResumeRefused. */
  resume(request: ResumeAttachment): void {
    const { uplink, log } = this.#config;
    const { connectionId = 0n } = request.connection ?? {};
    try {
      const { session, port, counts } = this.#resume(request, connectionId);
      const { nextSequence, cumulativeSequence } = counts;
      uplink.send({
        case: "attachmentResumed",
        value: {
          connectionId,
          sessionName: session.name,
          udpPort: port,
          nextSequence: BigInt(nextSequence),
          cumulativeSequence: BigInt(cumulativeSequence),
        },
      });
    } catch (error) {
      const isRefusal = error instanceof Refusal || error instanceof PeerError;
      if (!isRefusal) log.error(`a session could not be resumed: ${stackOf(error)}`);
      const code = isRefusal ? RejectCode.NO_SUCH_SESSION : RejectCode.INTERNAL;
      const text = error instanceof Error ? error.message : String(error);
      uplink.send({ case: "resumeRefused", value: { connectionId, code, text } });
    }
  }

  /** Ends one session, one that is being opened included; `text` is told to the person. */
  end(sessionId: Uint8Array, text: string): void {
    const key = toHex(sessionId);
    const opening = this.#opening.get(key);
    if (opening !== undefined) opening.ended = true;
    this.#byId.get(key)?.end(text);
  }

  endAll(text: string): void {
    this.#idleMs = 0;
    for (const session of this.#byId.values()) session.end(text);
    this.#settle();
  }

  /** Nobody opens sessions here until there is another; those that run go on. */
  listenerGone(): void {
    if (this.#idleMs > 0) this.#idleMs = ALONE_MS;
    this.#settle();
  }

  listenerBack(): void {
    if (this.#idleMs > 0) this.#idleMs = IDLE_MS;
    this.#settle();
  }

  /** What runs here. */
  sessions(): readonly RunningSessionInit[] {
    return [...this.#told.values()];
  }

  async #start(request: OpenSession, key: string): Promise<{ session: Session; port: number }> {
    const { serve, log } = this.#config;
    const openRequest = decodeOpenRequest(request.openRequest);
    const names = new Set([...this.#byId.values()].map((session) => session.name));
    const name = chooseName(openRequest.name, names, systemEntropy);
    if (name === undefined)
      throw new Refusal(RejectCode.NAME_TAKEN, `there is a session ${openRequest.name}`);
    const socket = await this.#bind();
    const session = new Session({
      name,
      open: request,
      request: openRequest,
      serve,
      log,
      transmit: (path, bytes) => socket.send(path, bytes),
      retired: (connectionId) => this.#byConnection.delete(connectionId),
      over: (text) => this.#over(key, request.sessionId, text),
    });
    this.#byId.set(key, session);
    if (request.connection !== undefined) this.#byConnection.set(request.connection.connectionId, session);
    try {
      await session.start();
    } catch (error) {
      this.#forget(key);
      if (error instanceof StartError) throw new Refusal(RejectCode.START_FAILED, error.message);
      throw error;
    }
    const { sessionId, attachmentId, keyFingerprint } = request;
    if (this.#byId.has(key))
      this.#told.set(key, {
        sessionId,
        attachmentId,
        keyFingerprint,
        sessionName: name,
        udpPort: socket.port,
      });
    return { session, port: socket.port };
  }

  #resume(
    request: ResumeAttachment,
    connectionId: bigint,
  ): { readonly session: Session; readonly port: number; readonly counts: Counts } {
    const session = [...this.#byId.values()].find((each) => each.hasAttachment(request.attachmentId));
    if (session === undefined || this.#bound === undefined)
      throw new Refusal(RejectCode.NO_SUCH_SESSION, "no session has that attachment");
    const counts = session.resume(request);
    this.#byConnection.set(connectionId, session);
    return { session, port: this.#bound.port, counts };
  }

  #bind(): Promise<UdpServer> {
    this.#socket ??= this.#bindNow().catch((error: unknown) => {
      // The next session may find a port.
      this.#socket = undefined;
      if (error instanceof NoUdpPortError) throw new Refusal(RejectCode.NO_UDP_PORT, error.message);
      throw error;
    });
    return this.#socket;
  }

  async #bindNow(): Promise<UdpServer> {
    const { bindAddress, udpPortFirst: first, udpPortLast: last } = this.#config.serve;
    const start = first + Math.floor(Math.random() * (last - first + 1));
    const received = (path: string, bytes: Uint8Array): void => this.#received(path, bytes);
    this.#bound = await UdpServer.open(bindAddress, { first, last }, start, received);
    return this.#bound;
  }

  #received(path: string, bytes: Uint8Array): void {
    const id = connectionIdOf(bytes);
    const session = id === undefined ? undefined : this.#byConnection.get(id);
    if (session === undefined) this.#dropped.add(id === undefined ? "no packet" : "no session");
    else session.handleDatagram(path, bytes);
  }

  #summarize(): void {
    for (const session of this.#byId.values()) this.#countDropped(session);
    this.#dropped.summarize(this.#config.log);
  }

  #countDropped(session: Session): void {
    for (const [reason, count] of session.takeDropped()) this.#dropped.add(reason, count);
  }

  #over(key: string, sessionId: Uint8Array, text: string): void {
    this.#forget(key);
    this.#config.uplink.send({ case: "sessionEnded", value: { sessionId, text } });
    this.#settle();
  }

  #forget(key: string): void {
    const session = this.#byId.get(key);
    if (session !== undefined) this.#countDropped(session);
    this.#byId.delete(key);
    this.#told.delete(key);
  }

  /** Whether to wait for more, or to end. */
  #settle(): void {
    clearTimeout(this.#idle);
    if (this.#byId.size > 0 || this.#opening.size > 0) return;
    this.#idle = setTimeout(() => this.#leave(), this.#idleMs);
  }

  #leave(): void {
    clearInterval(this.#minutely);
    this.#summarize();
    this.#bound?.close();
    this.#config.exit();
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
