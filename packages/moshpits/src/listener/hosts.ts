import type { AttachmentResumed, SessionOpened } from "libmoshpit-node/host-link";
import type { Log } from "libmoshpit-node/log";
import type { Account } from "libmoshpit-node/users";
import { HostProcess, type ServeSettings } from "./host-process.js";
import {
  OpenError,
  type HostOpenRequest,
  type HostResumeRequest,
  type KnownSession,
} from "./host-requests.js";
import { SPARE_DELAY_MS, SPARE_RETRY_MAX_MS, SPARE_RETRY_MS } from "./limits.js";

export interface HostsConfig {
  /** The script of a session host. */
  readonly path: string;
  readonly settings: ServeSettings;
  readonly log: Log;
  /** For a session to be confirmed, in milliseconds. */
  readonly openTimeoutMs?: number;
}

/** A session that runs. */
export interface RunningSession {
  readonly opened: SessionOpened;
  /** Ends it; `text` is told to the person. */
  readonly end: (text: string) => void;
}

/** A session that can be resumed. */
export interface ResumableSession {
  readonly session: KnownSession;
  /** Throws `OpenError`. */
  readonly resume: (request: HostResumeRequest) => Promise<AttachmentResumed>;
}

/** The session hosts of this listener: one a user, and a spare that is kept warm. */
export class Hosts {
  readonly #config: HostsConfig;
  readonly #byAccount = new Map<string, HostProcess>();
  /** They get no more sessions, and are listened to until theirs have ended. */
  readonly #retired = new Set<HostProcess>();
  #spare: HostProcess | undefined;
  #retryMs = SPARE_RETRY_MS;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(config: HostsConfig) {
    this.#config = config;
    this.#spare = this.#start();
  }

  /** Opens a session in the user's host, in a new one if there is none. Throws `OpenError`. */
  async open(account: Account, request: HostOpenRequest): Promise<RunningSession> {
    try {
      return await openIn(this.#hostOf(account), request);
    } catch (error) {
      if (!(error instanceof OpenError) || !error.mayRetry) throw error;
      // It was about to leave, for want of sessions.
      return await openIn(this.#hostOf(account), request);
    }
  }

  /** The user's session with that attachment, and how to resume it. */
  find(user: string, attachmentId: Uint8Array): ResumableSession | undefined {
    for (const host of [...this.#byAccount.values(), ...this.#retired]) {
      const session = host.session(user, attachmentId);
      if (session !== undefined) return { session, resume: async (request) => await host.resume(request) };
    }
    return undefined;
  }

  /** Starts nothing any more, and lets go of all: spares end, sessions go on. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#spare?.release();
    for (const host of [...this.#byAccount.values(), ...this.#retired]) host.release();
  }

  #hostOf(account: Account): HostProcess {
    const key = keyOf(account);
    const running = this.#byAccount.get(key);
    if (running?.isOpen === true) return running;
    const host = this.#takeSpare();
    this.#byAccount.set(key, host);
    host.assign(account, this.#config.settings);
    return host;
  }

  #takeSpare(): HostProcess {
    const spare = this.#spare?.isOpen === true ? this.#spare : this.#start();
    this.#spare = undefined;
    this.#startSpareIn(SPARE_DELAY_MS);
    return spare;
  }

  #start(): HostProcess {
    const { path, log, openTimeoutMs } = this.#config;
    return new HostProcess({
      path,
      log,
      ...(openTimeoutMs === undefined ? {} : { openTimeoutMs }),
      retired: (host) => {
        this.#forget(host);
        this.#retired.add(host);
      },
      ended: (host) => this.#ended(host),
    });
  }

  #startSpareIn(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#spare ??= this.#start();
    }, delayMs);
  }

  #forget(host: HostProcess): void {
    for (const [key, candidate] of this.#byAccount) if (candidate === host) this.#byAccount.delete(key);
  }

  #ended(host: HostProcess): void {
    this.#forget(host);
    this.#retired.delete(host);
    if (host !== this.#spare) {
      this.#retryMs = SPARE_RETRY_MS;
      return;
    }
    // A spare that can not wait may not be able to start at all.
    this.#spare = undefined;
    this.#startSpareIn(this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, SPARE_RETRY_MAX_MS);
  }
}

async function openIn(host: HostProcess, request: HostOpenRequest): Promise<RunningSession> {
  const opened = await host.open(request);
  return { opened, end: (text) => host.end(opened.sessionId, text) };
}

/** An account that was changed is served by a new host: a process can not change its groups. */
function keyOf({ name, uid, gid, home, shell }: Account): string {
  return JSON.stringify([name, uid, gid, home, shell]);
}
