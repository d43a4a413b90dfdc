import { now } from "libmoshpit-node/clock";
import { nodeCrypto, systemEntropy } from "libmoshpit-node/crypto";
import type { OpenSession, Serve } from "libmoshpit-node/host-link";
import type { Log } from "libmoshpit-node/log";
import { Driver } from "libmoshpit-node/net";
import type { ProgramExit, ProgramHandlers } from "libmoshpit-node/pty";
import { Connection, type SessionEvent } from "libmoshpit/session";
import { elapsed, NEVER, seconds, unreachable, type Machine } from "libmoshpit/util";
import type { ConnectionSecrets, DropReason, OpenRequest, WindowSize } from "libmoshpit/wire";
import { LatestSize } from "./latest-size.js";
import { OutputBatch, type OutputChunk } from "./output-batch.js";
import { takeSecrets, wipeSecrets } from "./secrets.js";
import { startProgram, type SessionProgram } from "./start-program.js";

export interface SessionConfig {
  readonly name: string;
  readonly open: OpenSession;
  readonly request: OpenRequest;
  readonly serve: Serve;
  readonly log: Log;
  readonly transmit: (path: string, bytes: Uint8Array) => void;
  /** The session is over, its program too. Called once, last; `text` says how, for the log. */
  readonly over: (text: string) => void;
}

/** Octets that wait for the client before the program has to wait. */
const MOST_WAITING = { terminal: 128 * 1024, pipes: 256 * 1024 } as const;
/** Octets of a program's output that are taken in one turn of the event loop: other sessions have theirs before more. */
const MOST_A_TURN = 64 * 1024;
/** Characters of a Close's text; four octets each fit its bound. */
const MAX_TEXT = 64;

/** One session: a program on this side, a connection to the person on the other. An error in it ends it alone. */
export class Session {
  readonly name: string;
  readonly #config: SessionConfig;
  readonly #log: Log;
  readonly #secrets: ConnectionSecrets;
  readonly #connection: Connection;
  readonly #driver: Driver<SessionEvent, string>;
  readonly #output: OutputBatch;
  readonly #size: LatestSize = new LatestSize((size) => this.#guard(() => this.#resize(size)));
  readonly #startedAt = now();
  readonly #droppedBefore = new Map<DropReason, number>();
  #running: SessionProgram | undefined;
  #exit: ProgramExit | undefined;
  #paused = false;
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
    this.#secrets = takeSecrets(config.open);
    this.#connection = new Connection({
      role: "server",
      crypto: nodeCrypto,
      entropy: systemEntropy,
      secrets: this.#secrets,
      connectionId: config.open.connectionId,
      now: this.#startedAt,
      firstDatagram: seconds(config.open.firstDatagramSeconds),
      detachedLifetime: seconds(config.serve.detachedLifetimeSeconds),
    });
    this.#driver = new Driver(this.#guardedMachine(), {
      transmit: (path, bytes) => config.transmit(path, bytes),
      event: (event) => this.#guard(() => this.#handle(event)),
    });
    this.#output = new OutputBatch((chunks) => this.#guard(() => this.#send(chunks)));
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
      this.#silence();
      throw error;
    }
    // Arms the timer of the first datagram.
    this.#guard(() => this.#driver.run(() => undefined));
    if (this.#closed) this.#hangUp();
    this.#log.debug(`session ${this.name}: process ${this.#running.program.processId} runs`);
  }

  handleDatagram(path: string, bytes: Uint8Array): void {
    this.#guard(() => this.#driver.run((time) => this.#connection.handleDatagram(time, path, bytes)));
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
    return [...this.#connection.counters.dropped].map(([reason, count]) => {
      const fresh = count - (this.#droppedBefore.get(reason) ?? 0);
      this.#droppedBefore.set(reason, count);
      return [reason, fresh] as const;
    });
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
        this.#resume();
        return;
      case "close":
        this.#closed = true;
        this.#hangUp();
        return;
      case "closed":
        this.#closed = true;
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
        if (!this.#closed) this.#output.add(bytes, standardError);
        this.#pauseIfFull();
      },
      end: (standardError) =>
        this.#guard(() => {
          this.#output.flush();
          if (!this.#closed) this.#driver.run((time) => this.#connection.end(time, { standardError }));
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
    const taken = (): void =>
      this.#guard(() => this.#driver.run((time) => this.#connection.consumed(time, bytes.length)));
    if (this.#running === undefined) taken();
    else this.#running.program.write(bytes, taken);
  }

  /** The confirmation stands in the output where the program's answer to the new size can begin. */
  #resize(size: WindowSize): void {
    if (this.#running?.kind !== "terminal") return;
    this.#output.flush();
    this.#running.program.resize(size.columns, size.rows);
    if (!this.#closed) this.#driver.run((time) => this.#connection.resize(time, size));
  }

  #send(chunks: readonly OutputChunk[]): void {
    if (this.#closed) return;
    this.#driver.run((time) => {
      for (const { bytes, standardError } of chunks) this.#connection.write(time, bytes, { standardError });
    });
    // What was full with the batch may have been drained before the batch came: then no event says so.
    if (this.#isFull()) this.#pauseIfFull();
    else this.#resume();
  }

  #isFull(): boolean {
    if (this.#running === undefined || this.#closed) return false;
    if (this.#output.octets >= MOST_A_TURN) return true;
    return this.#connection.bufferedAmount + this.#output.octets >= MOST_WAITING[this.#running.kind];
  }

  #pauseIfFull(): void {
    if (this.#paused || !this.#isFull()) return;
    this.#paused = true;
    this.#running?.program.pause();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#running?.program.resume();
  }

  #close(request: Parameters<Connection["close"]>[1]): void {
    this.#output.flush();
    if (this.#closed) return;
    this.#closed = true;
    this.#driver.run((time) => this.#connection.close(time, request));
  }

  /** Nobody is there to be told anything. */
  #abandon(cause: string): void {
    this.#driver.stop();
    this.#closed = true;
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
    this.#silence();
    const duration = elapsed(this.#startedAt, now()) / 1_000_000;
    const { smoothed } = this.#connection.rtt ?? {};
    const facts = [
      "code" in this.#exit ? `exit status ${this.#exit.code}` : `signal ${this.#exit.signal}`,
      this.#cause,
      `${duration.toFixed(1)} s`,
      `${this.#inputOctets} octets in`,
      `${this.#outputOctets} out`,
      ...(smoothed === undefined ? [] : [`round trip ${(smoothed / 1_000).toFixed(1)} ms`]),
    ];
    this.#config.over(`session ${this.name} ended: ${facts.join(", ")}`);
  }

  #silence(): void {
    this.#driver.stop();
    wipeSecrets(this.#secrets);
  }

  /** Timers and drains that no other call of this class began. */
  #guardedMachine(): Machine<SessionEvent, string> {
    return {
      pollOutput: () => this.#guard(() => this.#connection.pollOutput()) ?? { kind: "timeout", at: NEVER },
      handleTimeout: (time) => void this.#guard(() => this.#connection.handleTimeout(time)),
    };
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
