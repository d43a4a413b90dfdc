import { now } from "libmoshpit-node/clock";
import type { OpenSession, ResumeAttachment, Serve } from "libmoshpit-node/host-link";
import type { Log } from "libmoshpit-node/log";
import type { ProgramExit, ProgramHandlers } from "libmoshpit-node/pty";
import type { CloseRequest, Counts, SessionEvent } from "libmoshpit/session";
import { elapsed, equalBytes, PeerError, unreachable } from "libmoshpit/util";
import type { DropReason, OpenRequest, WindowSize } from "libmoshpit/wire";
import { AttachedClient } from "./attached-client.js";
import { LatestSize } from "./latest-size.js";
import { OutputFlow } from "./output-flow.js";
import { sizeOf, startProgram, type SessionProgram } from "./start-program.js";

export interface SessionConfig {
  readonly name: string;
  readonly open: OpenSession;
  readonly request: OpenRequest;
  readonly serve: Serve;
  readonly log: Log;
  readonly transmit: (path: string, bytes: Uint8Array) => void;
  /** Datagrams of that connection are nobody's any more. */
  readonly retired: (connectionId: bigint) => void;
  /** The session is over, its program too. Called once, last; `text` says how, for the log. */
  readonly over: (text: string) => void;
}

/** Characters of a Close's text; four octets each fit its bound. */
const MAX_TEXT = 64;

/** One session: a program on this side, the client of a person on the other. An error in it ends it alone. */
export class Session {
  readonly name: string;
  readonly #config: SessionConfig;
  readonly #log: Log;
  readonly #client: AttachedClient;
  readonly #output: OutputFlow;
  readonly #size: LatestSize = new LatestSize((size) => this.#guard(() => this.#resize(size)));
  readonly #startedAt = now();
  #running: SessionProgram | undefined;
  #exit: ProgramExit | undefined;
  /** Nothing more is written: this side has said Close, or the client has, or nobody is there. */
  #closed = false;
  #hungUp = false;
  #isEstablished = false;
  #crashes = 0;
  /** How the connection ended, once it has. */
  #cause: string | undefined;
  #inputOctets = 0;
  #outputOctets = 0;
  #over = false;

  constructor(config: SessionConfig) {
    this.name = config.name;
    this.#config = config;
    this.#log = config.log;
    const { connection } = config.open;
    if (connection === undefined) throw new PeerError("malformed-message", "a session without a connection");
    this.#client = new AttachedClient({
      connection,
      detachedLifetimeSeconds: config.serve.detachedLifetimeSeconds,
      transmit: config.transmit,
      event: (event) => this.#handle(event),
      retired: config.retired,
      guard: (step) => this.#guard(step),
    });
    const { terminal } = config.request;
    this.#output = new OutputFlow({
      client: this.#client,
      terminal: terminal === undefined ? undefined : sizeOf(terminal),
      pause: () => this.#running?.program.pause(),
      resume: () => this.#running?.program.resume(),
      reply: (text) => this.#running?.program.write(new TextEncoder().encode(text), () => undefined),
      guard: (step) => this.#guard(step),
    });
  }

  /** Starts the program. Throws `StartError`; the session is over then, without a word to `over`. */
  async start(): Promise<void> {
    const { serve, request } = this.#config;
    const onTerminal = request.terminal !== undefined;
    const note = (line: string): void =>
      this.#output.add(new TextEncoder().encode(onTerminal ? `${line}\r\n` : `${line}\n`), !onTerminal);
    try {
      this.#running = await startProgram(serve, request, this.name, this.#handlers(), note);
    } catch (error) {
      this.#over = true;
      this.#client.forget();
      throw error;
    }
    this.#guard(() => this.#client.start());
    if (this.#closed) this.#hangUp();
    this.#log.debug(`session ${this.name}: process ${this.#running.program.processId} runs`);
  }

  handleDatagram(path: string, bytes: Uint8Array): void {
    this.#guard(() => {
      this.#client.handleDatagram(path, bytes);
      this.#output.heard();
    });
  }

  /** Whether that is the attachment of its client. */
  hasAttachment(attachmentId: Uint8Array): boolean {
    return equalBytes(attachmentId, this.#config.open.attachmentId);
  }

  /** The client comes over another connection; how far this side is. Throws `PeerError` where that can not be. */
  resume(request: ResumeAttachment): Counts {
    return this.#client.resume(request);
  }

  /** Ends it from this side: the person is told `text`, the program is hung up. */
  end(text: string): void {
    this.#guard(() => {
      if (this.#isEstablished) this.#close({ reason: "ended", text: text.slice(0, MAX_TEXT) });
      else this.#abandon("the client never came");
      this.#hangUp();
      this.#settle();
    });
  }

  /** Datagrams that this connection dropped since the last call, by reason. */
  takeDropped(): readonly (readonly [DropReason, number])[] {
    return this.#client.takeDropped();
  }

  #handle(event: SessionEvent): void {
    switch (event.type) {
      case "established":
        this.#isEstablished = true;
        this.#log.info(`session ${this.name}: the client is at ${event.path}`);
        return;
      case "path":
        this.#log.info(`session ${this.name}: the client moved to ${event.path}`);
        return;
      case "resumed":
        // It may never have come over the first connection.
        this.#isEstablished = true;
        this.#log.info(`session ${this.name}: the client is back, at ${event.path}`);
        return;
      case "retired":
        // Dealt with where the keys are.
        return;
      case "data":
        this.#input(event.bytes);
        return;
      case "end":
        this.#size.flush();
        this.#running?.program.endInput();
        return;
      case "resize":
        this.#size.set(event.size);
        return;
      case "drain":
        this.#output.heard();
        return;
      case "close":
        this.#stopWriting();
        this.#hangUp();
        return;
      case "closed":
        this.#stopWriting();
        this.#cause = event.cause;
        this.#hangUp();
        this.#settle();
        return;
      default:
        unreachable(event);
    }
  }

  #handlers(): ProgramHandlers {
    return {
      data: (bytes, standardError) => {
        this.#outputOctets += bytes.length;
        this.#output.add(bytes, standardError);
      },
      end: (standardError) =>
        this.#guard(() => {
          this.#output.flush();
          if (!this.#closed) this.#client.end(standardError);
        }),
      exit: (status) =>
        this.#guard(() => {
          this.#exit = status;
          this.#close({ reason: "exited", exit: status });
          this.#settle();
        }),
    };
  }

  #input(bytes: Uint8Array): void {
    this.#inputOctets += bytes.length;
    // What was typed after a new size meets a terminal that has it.
    this.#size.flush();
    const taken = (): void => this.#guard(() => this.#client.consumed(bytes.length));
    if (this.#running === undefined) taken();
    else this.#running.program.write(bytes, taken);
  }

  /** The confirmation stands in the output where the program's answer to the new size can begin. */
  #resize(size: WindowSize): void {
    if (this.#running?.kind !== "terminal") return;
    this.#output.resize(size.columns, size.rows);
    this.#running.program.resize(size.columns, size.rows);
    if (!this.#closed) this.#client.resize(size);
  }

  #close(request: CloseRequest): void {
    if (this.#closed) return;
    this.#output.flush();
    this.#stopWriting();
    this.#client.close(request);
  }

  #stopWriting(): void {
    this.#closed = true;
    this.#output.close();
  }

  /** Nobody is there to be told anything. */
  #abandon(cause: string): void {
    this.#client.stop();
    this.#stopWriting();
    this.#cause ??= cause;
  }

  /** Nobody will see what the program does from now on. */
  #hangUp(): void {
    if (this.#hungUp || this.#exit !== undefined) return;
    this.#hungUp = this.#running !== undefined;
    this.#running?.program.hangUp();
  }

  #settle(): void {
    if (this.#over || this.#cause === undefined || this.#exit === undefined) return;
    this.#over = true;
    this.#client.forget();
    const duration = elapsed(this.#startedAt, now()) / 1_000_000;
    const { roundTrip } = this.#client;
    const facts = [
      "code" in this.#exit ? `exit status ${this.#exit.code}` : `signal ${this.#exit.signal}`,
      this.#cause,
      `${duration.toFixed(1)} s`,
      `${this.#inputOctets} octets in`,
      `${this.#outputOctets} out`,
      ...(roundTrip === undefined ? [] : [`round trip ${(roundTrip / 1_000).toFixed(1)} ms`]),
    ];
    this.#config.over(`session ${this.name} ended: ${facts.join(", ")}`);
  }

  #guard<T>(step: () => T): T | undefined {
    try {
      return step();
    } catch (error) {
      this.#crashed(error);
      return undefined;
    }
  }

  /** The first time the person is told; if that fails too, the connection falls silent. */
  #crashed(error: unknown): void {
    this.#crashes += 1;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#log.error(`session ${this.name}: ${text}`);
    if (this.#crashes === 1 && !this.#over) {
      this.end("the server had an internal error");
      return;
    }
    this.#abandon("an internal error");
    this.#hangUp();
    this.#settle();
  }
}
