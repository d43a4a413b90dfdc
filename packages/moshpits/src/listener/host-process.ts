import { spawn, type ChildProcess } from "node:child_process";
import type { Duplex } from "node:stream";
import {
  HostLink,
  LOG_RECORD_LEVELS,
  type HostLinkMessage,
  type OpenSessionInit,
  type ServeInit,
  type SessionOpened,
} from "libmoshpit-node/host-link";
import type { Log } from "libmoshpit-node/log";
import type { Account } from "libmoshpit-node/users";
import { printable } from "libmoshpit/handshake";
import { toHex } from "libmoshpit/util";
import { RejectCode } from "libmoshpit/wire";
import { HOST_EXIT, HOST_EXIT_TEXTS } from "../host/stages.js";
import { HOST_LOG_LINES, OPEN_TIMEOUT_MS } from "./limits.js";

/** What is the same for every user. */
export type ServeSettings = Omit<ServeInit, "user" | "home" | "shell">;

/** A session could not be opened; `code` is for the client, the message for the log. */
export class OpenError extends Error {
  override readonly name = "OpenError";
  readonly code: RejectCode;
  /** The host ended before it took the request: another may take it. */
  readonly mayRetry: boolean;

  constructor(code: RejectCode, message: string, mayRetry = false) {
    super(message);
    this.code = code;
    this.mayRetry = mayRetry;
  }
}

interface Opening {
  readonly resolve: (opened: SessionOpened) => void;
  readonly reject: (error: OpenError) => void;
}

export interface HostProcessConfig {
  /** The script of the host. */
  readonly path: string;
  readonly log: Log;
  /** It takes no more sessions. Those that it has may go on. */
  readonly ended: (host: HostProcess) => void;
}

/** One session host, seen from the listener: first a spare that is nobody's, then one user's. */
export class HostProcess {
  readonly #config: HostProcessConfig;
  readonly #child: ChildProcess;
  readonly #stream: Duplex;
  readonly #openings = new Map<string, Opening>();
  readonly #sessions = new Set<string>();
  #link: HostLink | undefined;
  #user: string | undefined;
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
    return !this.#ended;
  }

  /** Makes a spare the user's. */
  assign({ name, uid, gid, home, shell }: Account, settings: ServeSettings): void {
    this.#user = name;
    this.#stream.write(`${JSON.stringify({ user: name, uid, gid })}\n`);
    this.#link = new HostLink(this.#stream, {
      message: (message) => this.#received(message),
      ended: (error) => this.#linkEnded(error),
    });
    this.#link.send({ case: "serve", value: { ...settings, user: name, home, shell } });
  }

  /** Opens a session. Throws `OpenError`: the host refused, ended, or said nothing for 10 s. */
  async open(request: OpenSessionInit & { readonly sessionId: Uint8Array }): Promise<SessionOpened> {
    const link = this.#link;
    if (this.#ended || link === undefined)
      throw new OpenError(RejectCode.INTERNAL, "the host has ended", true);
    return await new Promise((resolve, reject) => {
      const key = toHex(request.sessionId);
      const settle = (): void => {
        clearTimeout(timer);
        this.#openings.delete(key);
      };
      const opening: Opening = {
        resolve: (opened) => {
          settle();
          resolve(opened);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      const timer = setTimeout(() => {
        this.end(request.sessionId, "the host was too slow");
        opening.reject(
          new OpenError(
            RejectCode.INTERNAL,
            `the session host said nothing for ${OPEN_TIMEOUT_MS / 1_000} s`,
          ),
        );
      }, OPEN_TIMEOUT_MS);
      this.#openings.set(key, opening);
      link.send({ case: "openSession", value: request });
    });
  }

  /** Ends a session, one that is being opened included. */
  end(sessionId: Uint8Array, text: string): void {
    this.#link?.send({ case: "endSession", value: { sessionId, text } });
  }

  /** Lets go of it: a spare ends, a user's host goes on until its sessions have ended. */
  release(): void {
    this.#ended = true;
    this.#stream.destroy();
  }

  #received(message: HostLinkMessage): void {
    const { log } = this.#config;
    switch (message.case) {
      case "ready": {
        const { processId, uid, gid, groups } = message.value;
        log.debug(`user=${this.#user} host=${processId} uid=${uid} gid=${gid} groups=${groups.join(",")}`);
        return;
      }
      case "sessionOpened": {
        const key = toHex(message.value.sessionId);
        this.#sessions.add(key);
        this.#openings.get(key)?.resolve(message.value);
        return;
      }
      case "sessionRefused": {
        const { sessionId, code, text } = message.value;
        const error = new OpenError(rejectCodeOf(code), printable(text));
        this.#openings.get(toHex(sessionId))?.reject(error);
        return;
      }
      case "sessionEnded":
        this.#sessions.delete(toHex(message.value.sessionId));
        log.info(`user=${this.#user} ${printable(message.value.text)}`);
        return;
      case "logRecord":
        this.#relay(message.value.level, message.value.text);
        return;
      default:
        log.error(`user=${this.#user} the host sent ${message.case}, which is not its to send`);
        this.#stream.destroy();
    }
  }

  /** A host is its user's: it gets a share of the log and no more. */
  #relay(level: number, text: string): void {
    const minute = Math.floor(performance.now() / 60_000);
    if (minute !== this.#lines.minute) this.#lines = { minute, count: 0 };
    this.#lines.count += 1;
    const log = this.#config.log.child({ target: "host" });
    if (this.#lines.count <= HOST_LOG_LINES) {
      log.write(LOG_RECORD_LEVELS[level - 1] ?? "info", `user=${this.#user} ${printable(text)}`);
    } else if (this.#lines.count === HOST_LOG_LINES + 1) {
      log.warn(`user=${this.#user} logs too much: the rest of this minute is left out`);
    }
  }

  #linkEnded(error: Error | undefined): void {
    if (error !== undefined)
      this.#config.log.error(`user=${this.#user} the link to the host failed: ${error.message}`);
    this.#over("ended");
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    const what =
      signal === null
        ? (HOST_EXIT_TEXTS.get(code ?? 0) ?? `ended with status ${code}`)
        : `was ended by ${signal}`;
    if (code !== HOST_EXIT.done || this.#sessions.size > 0) {
      const lost = this.#sessions.size > 0 ? `, lost sessions: ${this.#sessions.size}` : "";
      const whose = this.#user === undefined ? "a spare host" : `user=${this.#user} the session host`;
      this.#config.log.error(`${whose} (process ${this.#child.pid}) ${what}${lost}`);
    }
    this.#sessions.clear();
    this.#over(what);
  }

  #over(what: string): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const opening of [...this.#openings.values()]) {
      opening.reject(new OpenError(RejectCode.INTERNAL, `the session host ${what}`, true));
    }
    this.#config.ended(this);
  }
}

function rejectCodeOf(value: number): RejectCode {
  const known = Object.values(RejectCode).find((code) => code === (value as RejectCode) && code !== 0);
  return known ?? RejectCode.INTERNAL;
}
