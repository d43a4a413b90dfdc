import { spawn, type ChildProcess } from "node:child_process";
import type { Duplex } from "node:stream";
import {
  HostLink,
  LOG_RECORD_LEVELS,
  type AttachmentResumed,
  type HostLinkMessage,
  type HostLinkMessageInit,
  type LogRecord,
  type Ready,
  type ServeInit,
  type SessionOpened,
} from "libmoshpit-node/host-link";
import type { Log } from "libmoshpit-node/log";
import type { Account } from "libmoshpit-node/users";
import { printable } from "libmoshpit/handshake";
import { equalBytes, toHex } from "libmoshpit/util";
import { RejectCode } from "libmoshpit/wire";
import { HOST_EXIT, HOST_EXIT_TEXTS } from "../host/stages.js";
import {
  OpenError,
  rejectCodeOf,
  type HostOpenRequest,
  type HostResumeRequest,
  type KnownSession,
} from "./host-requests.js";
import { HOST_LOG_LINES, MAX_GROUPS_TOLD, MAX_SESSIONS, OPEN_TIMEOUT_MS } from "./limits.js";

/** What is the same for every user. */
export type ServeSettings = Omit<ServeInit, "user" | "home" | "shell">;

/** A question to the host that has no answer yet. */
interface Question<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: OpenError) => void;
}

export interface HostProcessConfig {
  /** The script of the host. */
  readonly path: string;
  readonly log: Log;
  /** For a session to be confirmed, in milliseconds. */
  readonly openTimeoutMs?: number;
  /** It is to get no more sessions. Those that it has go on, and are heard of. */
  readonly retired: (host: HostProcess) => void;
  /** Nothing is heard of it any more. Sessions that it has may go on. */
  readonly ended: (host: HostProcess) => void;
}

/** One session host, seen from the listener: first a spare that is nobody's, then one user's. */
export class HostProcess {
  readonly #config: HostProcessConfig;
  readonly #child: ChildProcess;
  readonly #stream: Duplex;
  /** By session id. */
  readonly #openings = new Map<string, Question<SessionOpened>>();
  readonly #sessions = new Map<string, KnownSession>();
  /** By connection id. */
  readonly #resumptions = new Map<bigint, Question<AttachmentResumed>>();
  #link: HostLink | undefined;
  #account: Account | undefined;
  #isReady = false;
  #retired = false;
  #ended = false;
  #lines = { minute: 0, count: 0 };

  constructor(config: HostProcessConfig) {
    this.#config = config;
    this.#child = spawn(process.execPath, [config.path], {
      // Its own session: what ends the listener does not end it.
      detached: true,
      stdio: ["ignore", "ignore", "ignore", "pipe"],
      cwd: "/",
      env: {},
    });
    this.#child.unref();
    this.#child.on("error", (error) => this.#over(`could not be started: ${error.message}`));
    this.#child.on("exit", (code, signal) => this.#exited(code, signal));
    this.#stream = this.#child.stdio[3] as Duplex;
    // Until it is somebody's it says nothing; its end shows as an exit.
    this.#stream.on("error", () => undefined);
  }

  /** Whether sessions can be opened. */
  get isOpen(): boolean {
    return !this.#ended && !this.#retired;
  }

  /** Makes a spare the user's. */
  assign(account: Account, settings: ServeSettings): void {
    const { name, uid, gid, home, shell } = account;
    this.#account = account;
    this.#stream.write(`${JSON.stringify({ user: name, uid, gid })}\n`);
    this.#link = new HostLink(this.#stream, {
      message: (message) => this.#received(message),
      ended: (error) => this.#linkEnded(error),
    });
    this.#link.send({ case: "serve", value: { ...settings, user: name, home, shell } });
  }

  /** The user's session with that attachment, if it runs here. */
  session(user: string, attachmentId: Uint8Array): KnownSession | undefined {
    if (this.#ended || this.#account?.name !== user) return undefined;
    return [...this.#sessions.values()].find((session) => equalBytes(session.attachmentId, attachmentId));
  }

  /** Opens a session. Throws `OpenError`: the host is full, refused, ended, or said nothing for 10 s. */
  async open(request: HostOpenRequest): Promise<SessionOpened> {
    if (this.#sessions.size + this.#openings.size >= MAX_SESSIONS)
      throw new OpenError(RejectCode.BUSY, `${this.#whose} has ${MAX_SESSIONS} sessions, which is the limit`);
    const { sessionId, attachmentId, keyFingerprint } = request;
    const key = toHex(sessionId);
    return await this.#ask(this.#openings, key, {
      message: { case: "openSession", value: request },
      answered: () => this.#sessions.set(key, { sessionId, attachmentId, keyFingerprint }),
      tooSlow: () => {
        this.end(sessionId, "the host was too slow");
        this.#retire();
      },
    });
  }

  /** Gives an attachment another connection. Throws `OpenError`: refused, ended, or said nothing for 10 s. */
  async resume(request: HostResumeRequest): Promise<AttachmentResumed> {
    const { connectionId } = request.connection;
    return await this.#ask(this.#resumptions, connectionId, {
      message: { case: "resumeAttachment", value: request },
    });
  }

  /** Ends a session, one that is being opened included. */
  end(sessionId: Uint8Array, text: string): void {
    this.#link?.send({ case: "endSession", value: { sessionId, text } });
  }

  /** Lets go of it: a spare ends, a user's host goes on until its sessions have ended. */
  release(): void {
    this.#ended = true;
    // They are nobody's here any more, and not lost.
    this.#sessions.clear();
    this.#stream.destroy();
  }

  get #whose(): string {
    return `user=${this.#account?.name}`;
  }

  /** Of a process that is the user's: whatever it says may be meant to do harm. */
  #received(message: HostLinkMessage): void {
    const { log } = this.#config;
    switch (message.case) {
      case "ready":
        this.#ready(message.value);
        return;
      case "sessionOpened": {
        // Without a question it is too late, or was never asked for.
        this.#openings.get(toHex(message.value.sessionId))?.resolve(message.value);
        return;
      }
      case "sessionRefused": {
        const { sessionId, code, text } = message.value;
        const error = new OpenError(rejectCodeOf(code), printable(text));
        this.#openings.get(toHex(sessionId))?.reject(error);
        return;
      }
      case "attachmentResumed":
        this.#resumptions.get(message.value.connectionId)?.resolve(message.value);
        return;
      case "resumeRefused": {
        const { connectionId, code, text } = message.value;
        this.#resumptions.get(connectionId)?.reject(new OpenError(rejectCodeOf(code), printable(text)));
        return;
      }
      case "sessionEnded": {
        const { sessionId, text } = message.value;
        if (this.#sessions.delete(toHex(sessionId))) log.info(`${this.#whose} ${printable(text)}`);
        this.#endIfUseless();
        return;
      }
      case "logRecord":
        this.#relay(message.value);
        return;
      default:
        this.#disown(`sent ${message.case}, which is not its to send`);
    }
  }

  /** One answer is taken, and at once: what the host says next may be about it. */
  async #ask<Key, Answer>(
    questions: Map<Key, Question<Answer>>,
    key: Key,
    {
      message,
      answered,
      tooSlow,
    }: {
      readonly message: HostLinkMessageInit;
      readonly answered?: () => void;
      readonly tooSlow?: () => void;
    },
  ): Promise<Answer> {
    const link = this.#link;
    if (this.#ended || link === undefined)
      throw new OpenError(RejectCode.INTERNAL, "the host has ended", true);
    const timeoutMs = this.#config.openTimeoutMs ?? OPEN_TIMEOUT_MS;
    return await new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        questions.delete(key);
      };
      const question: Question<Answer> = {
        resolve: (answer) => {
          settle();
          answered?.();
          resolve(answer);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      const timer = setTimeout(() => {
        const what = `the session host said nothing for ${timeoutMs / 1_000} s`;
        question.reject(new OpenError(RejectCode.INTERNAL, what));
        tooSlow?.();
      }, timeoutMs);
      questions.set(key, question);
      link.send(message);
    });
  }

  /** Said once, and checked: a host that is not who it should be must not serve. */
  #ready({ processId, uid, gid, groups }: Ready): void {
    const account = this.#account;
    if (this.#isReady) {
      this.#disown("said more than once that it is ready");
      return;
    }
    this.#isReady = true;
    // Without root's privilege a host has this process's group, which newgrp may have chosen.
    const group = process.getuid?.() === 0 ? account?.gid : process.getgid?.();
    if (account?.uid !== uid || group !== gid) {
      this.#disown(`runs as uid ${uid} gid ${gid}, must be uid ${account?.uid} gid ${group}`);
      return;
    }
    const told = groups.slice(0, MAX_GROUPS_TOLD).join(",");
    const more = groups.length > MAX_GROUPS_TOLD ? ` and ${groups.length - MAX_GROUPS_TOLD} more` : "";
    this.#config.log.debug(`${this.#whose} host=${processId} uid=${uid} gid=${gid} groups=${told}${more}`);
  }

  /** Ends the link: it broke the rules. */
  #disown(why: string): void {
    this.#config.log.error(`${this.#whose} the session host ${why}: it gets no more sessions`);
    this.#stream.destroy();
  }

  /** It hangs, or was stopped: the user's next session gets another. */
  #retire(): void {
    if (this.isOpen) {
      this.#retired = true;
      const kept = `it keeps its sessions (${this.#sessions.size}), the next get a new host`;
      this.#config.log.error(`${this.#whose} the session host (process ${this.#child.pid}) hangs: ${kept}`);
      this.#config.retired(this);
    }
    this.#endIfUseless();
  }

  /** One that hangs may never end by itself. */
  #endIfUseless(): void {
    if (this.#retired && !this.#ended && this.#sessions.size === 0 && this.#openings.size === 0)
      this.#child.kill("SIGKILL");
  }

  /** A host is its user's: it gets a share of the log and no more. */
  #relay({ level, text, where }: LogRecord): void {
    const minute = Math.floor(performance.now() / 60_000);
    if (minute !== this.#lines.minute) this.#lines = { minute, count: 0 };
    this.#lines.count += 1;
    const log = this.#config.log.child({ target: "host" });
    if (this.#lines.count <= HOST_LOG_LINES) {
      log.writeForwarded({
        level: LOG_RECORD_LEVELS[level - 1] ?? "info",
        message: `${this.#whose} ${printable(text)}`,
        origin: { role: "host", processId: this.#child.pid ?? 0, workerId: 0 },
        ...(where === "" ? {} : { where: printable(where) }),
      });
    } else if (this.#lines.count === HOST_LOG_LINES + 1) {
      log.warn(`${this.#whose} logs too much: the rest of this minute is left out`);
    }
  }

  #linkEnded(error: Error | undefined): void {
    if (error !== undefined)
      this.#config.log.error(`${this.#whose} the link to the host failed: ${error.message}`);
    this.#over("ended");
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    const what =
      signal === null
        ? (HOST_EXIT_TEXTS.get(code ?? 0) ?? `ended with status ${code}`)
        : `was ended by ${signal}`;
    if (code !== HOST_EXIT.done || this.#sessions.size > 0) {
      const lost = this.#sessions.size > 0 ? `, lost sessions: ${this.#sessions.size}` : "";
      const whose = this.#account === undefined ? "a spare host" : `${this.#whose} the session host`;
      this.#config.log.error(`${whose} (process ${this.#child.pid}) ${what}${lost}`);
    }
    this.#sessions.clear();
    this.#over(what);
  }

  #over(what: string): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const question of [...this.#openings.values(), ...this.#resumptions.values()]) {
      question.reject(new OpenError(RejectCode.INTERNAL, `the session host ${what}`, true));
    }
    this.#config.ended(this);
  }
}
