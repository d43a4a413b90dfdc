import { nodeCrypto, systemEntropy } from "libmoshpit-node/crypto";
import type { OpenSession, Serve } from "libmoshpit-node/host-link";
import type { Log } from "libmoshpit-node/log";
import { now } from "libmoshpit-node/clock";
import { Driver } from "libmoshpit-node/net";
import type { ProgramExit, ProgramHandlers } from "libmoshpit-node/pty";
import { Connection, type SessionEvent } from "libmoshpit/session";
import { NEVER, seconds, unreachable, wipe, type Machine } from "libmoshpit/util";
import type { ConnectionSecrets, DropReason, OpenRequest, WindowSize } from "libmoshpit/wire";
import { OutputBatch } from "./output-batch.js";
import { secretsOf } from "./secrets.js";
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

/** One session: a program on this side, a connection to the person on the other. */
export class Session {
  readonly name: string;
  readonly #config: SessionConfig;
  readonly #log: Log;
  readonly #secrets: ConnectionSecrets;
  readonly #connection: Connection;
  readonly #driver: Driver<SessionEvent, string>;
  readonly #output: OutputBatch;
  readonly #startedAt = now();
  #running: SessionProgram | undefined;
  #exit: ProgramExit | undefined;
  #paused = false;
  /** This side has said Close, or the client has, or nobody is there: nothing more is written. */
  #closed = false;
  /** How the connection ended, once it has. */
  #cause: string | undefined;
  #octets = { input: 0, output: 0 };
  #dropped: DropReason | undefined;
  #isOver = false;

  constructor(config: SessionConfig) {
    this.name = config.name;
    this.#config = config;
    this.#log = config.log;
    this.#secrets = secretsOf(config.open);
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
    this.#driver = new Driver(guarded(this.#connection, (step) => this.#guard(step)), {
      transmit: (path, bytes) => config.transmit(path, bytes),
      event: (event) => this.#guard(() => this.#handle(event)),
    });
    this.#output = new OutputBatch((chunks) => this.#guard(() => this.#send(chunks)));
  }

  /** Starts the program and the clock of the first datagram. Throws `StartError`; the session is over then. */
  async start(): Promise<void> {
    const { serve, request } = this.#config;
    const isTerminal = request.terminal !== undefined;
    const note = (line: string): void =>
      this.#output.add(new TextEncoder().encode(isTerminal ? `${line}\r\n` : `${line}\n`), !isTerminal);
    try {
      this.#running = await startProgram(serve, request, this.name, this.#handlers(), note);
    } catch (error) {
      this.#isOver = true;
      this.#abandon();
      throw error;
    }
    this.#driver.run(() => undefined);
    this.#log.debug(`session ${this.name}: process ${this.#running.program.processId} runs`);
  }

  /** Why the datagram was dropped, or undefined if it was good. */
  handleDatagram(path: string, bytes: Uint8Array): DropReason | undefined {
    const before = totalOf(this.#connection.counters.dropped);
    this.#guard(() => this.#driver.run((time) => this.#connection.handleDatagram(time, path, bytes)));
    void before;
    return this.#dropped;
  }

  /** Ends it from this side: the program is hung up, the person is told `text` if there is one. */
  end(text: string): void {
    this.#guard(() => {
      this.#close("ended", text);
      this.#hangUp();
    });
  }

  #handlers(): ProgramHandlers {
    return {
      data: (bytes, standardError) => {
        this.#octets.output += bytes.length;
        this.#output.add(bytes, standardError);
      },
      end: (standardError) =>
        this.#guard(() => {
          this.#output.flush();
          if (!this.#closed) this.#driver.run((time) => this.#connection.end(time, { standardError }));
        }),
      exit: (status) => this.#guard(() => this.#exited(status)),
    };
  }
}
