import { DirectoryError, type AttachmentResumed, type SessionOpened } from "libmoshpit-node/host-link";
import type { Log } from "libmoshpit-node/log";
import type { Account } from "libmoshpit-node/users";
import { equalBytes } from "libmoshpit/util";
import { RejectCode } from "libmoshpit/wire";
import { AbsentHosts } from "./absent-hosts.js";
import type { HostRecord, HostRegistry } from "./host-registry.js";
import {
  OpenError,
  type HostOpenRequest,
  type HostResumeRequest,
  type KnownSession,
} from "./host-requests.js";
import { ADOPT_SOON_MS, MAX_SESSIONS, SPARE_DELAY_MS, SPARE_RETRY_MAX_MS, SPARE_RETRY_MS } from "./limits.js";
import { killProcess } from "./process-identity.js";
import { SpareHost, type HostExit } from "./spare-host.js";
import { UserHost, type AdoptedHost, type ServeSettings } from "./user-host.js";

export interface HostsConfig {
  /** The script of a session host. */
  readonly path: string;
  /** Names that script's version: hosts of another get no new sessions. */
  readonly build: string;
  readonly settings: ServeSettings;
  readonly log: Log;
  /** Where hosts are found again; without it they are lost to the next listener. */
  readonly registry?: HostRegistry;
  /** For a session to be confirmed, in milliseconds. */
  readonly openTimeoutMs?: number;
  /** For a running host to be taken up, in milliseconds. */
  readonly adoptTimeoutMs?: number;
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
  /** Ends it; `text` is told to the person. */
  readonly end: (text: string) => void;
}

/** A process that this listener has started, and whose host it has become. */
interface Child {
  readonly host: SpareHost;
  user: UserHost | undefined;
  record: HostRecord | undefined;
}

/** The session hosts of this mps: one a user, those that an earlier listener has left, and a spare that is kept warm. */
export class Hosts {
  readonly #config: HostsConfig;
  readonly #absent: AbsentHosts | undefined;
  #settings: ServeSettings;
  /** Which take new sessions. */
  readonly #byKey = new Map<string, UserHost>();
  readonly #all = new Set<UserHost>();
  readonly #children = new Set<Child>();
  #spare: Child | undefined;
  #retryMs = SPARE_RETRY_MS;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** Begins at once to take up the hosts that are on record. */
  constructor(config: HostsConfig) {
    this.#config = config;
    this.#settings = config.settings;
    this.#spare = this.#start();
    const { registry, log, adoptTimeoutMs: timeoutMs } = config;
    if (registry === undefined) return;
    this.#absent = new AbsentHosts({
      registry,
      log,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      adopted: (record, host) => this.#adopted(record, host),
    });
    for (const record of registry.records((odd) => log.warn(odd)))
      this.#absent.add(record, { delayMs: 0, sessions: 0 });
  }

  /** From now on new sessions have these; where they differ, in a new host. */
  set settings(settings: ServeSettings) {
    this.#settings = settings;
  }

  /**
   * Opens a session in the user's host, in a new one if there is none. `wantedName`: that the request asks for, if any.
   * Throws `OpenError`.
   */
  async open(account: Account, request: HostOpenRequest, wantedName = ""): Promise<RunningSession> {
    await this.#absent?.triedOnce(account);
    this.#requireRoom(account, wantedName);
    try {
      return await openIn(this.#hostOf(account), request);
    } catch (error) {
      if (!(error instanceof OpenError) || !error.mayRetry) throw error;
      // It was about to leave, for want of sessions.
      return await openIn(this.#hostOf(account), request);
    }
  }

  /**
   * The user's session with that attachment. Throws `OpenError` where it may be in a host that does not answer: a client
   * that is told that its session is gone gives it up.
   */
  async find(account: Account, attachmentId: Uint8Array): Promise<ResumableSession | undefined> {
    const find = (): ResumableSession | undefined =>
      this.sessions(account).find(({ session }) => equalBytes(session.attachmentId, attachmentId));
    const found = find();
    if (found !== undefined) return found;
    await this.#absent?.tried(account);
    const late = find();
    if (late === undefined && this.#absent?.mayHave(account) === true)
      throw new OpenError(RejectCode.INTERNAL, "a session host does not answer, the session may be in there");
    return late;
  }

  /** The user's sessions, of all hosts. */
  sessions(account: Account): readonly ResumableSession[] {
    return this.#of(account).flatMap((host) =>
      host.sessions.map((session) => ({
        session,
        resume: async (request) => await host.resume(request),
        end: (text) => host.end(session.sessionId, text),
      })),
    );
  }

  /** Starts nothing any more, and lets go of all: spares end, sessions go on. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#spare?.host.release();
    this.#absent?.close();
    for (const host of this.#all) host.release();
    this.#config.registry?.close();
  }

  #of({ name, uid }: Account): readonly UserHost[] {
    return [...this.#all].filter(({ account }) => account.name === name && account.uid === uid);
  }

  /** What one host alone can not see: a user may have several, of other settings or versions. */
  #requireRoom(account: Account, wantedName: string): void {
    const hosts = this.#of(account);
    const elsewhere = this.#absent?.sessionsOf(account) ?? 0;
    if (hosts.reduce((sum, { load }) => sum + load, elsewhere) >= MAX_SESSIONS)
      throw new OpenError(
        RejectCode.BUSY,
        `user=${account.name} has ${MAX_SESSIONS} sessions, which is the limit`,
      );
    const isTaken = hosts.some(({ sessions }) => sessions.some((each) => each.sessionName === wantedName));
    if (isTaken) throw new OpenError(RejectCode.NAME_TAKEN, `there is a session ${wantedName}`);
  }

  #hostOf(account: Account): UserHost {
    const key = this.#keyOf(account);
    const running = this.#byKey.get(key);
    if (running?.isOpen === true) return running;
    const child = this.#takeSpare();
    const record = this.#record(account, child.host, key);
    const host = this.#userHost(account, child.host.process, record, () => child.host.kill());
    child.user = host;
    child.record = record;
    this.#all.add(host);
    this.#byKey.set(key, host);
    const doorway = record === undefined ? undefined : this.#config.registry?.doorwayOf(record);
    host.serve(child.host.assign(account), this.#settings, doorway);
    return host;
  }

  /**
   * What a host must have in common with a new session to take it. An account that was changed is served by a new host: a
   * process can not change its groups. So are new settings and a new version of the program.
   */
  #keyOf({ name, uid, gid, home, shell }: Account): string {
    const { udpPortFirst, udpPortLast, bindAddress, detachedLifetimeSeconds } = this.#settings;
    const settings = [udpPortFirst, udpPortLast, bindAddress, detachedLifetimeSeconds];
    return JSON.stringify([name, uid, gid, home, shell, ...settings, this.#config.build]);
  }

  #record(account: Account, { process }: SpareHost, key: string): HostRecord | undefined {
    const { registry, log } = this.#config;
    try {
      return registry?.add(account, process, key);
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
      log.error(`user=${account.name} the session host will not be found by the next mps: ${error.message}`);
      return undefined;
    }
  }

  #userHost(
    account: Account,
    process: SpareHost["process"],
    record: HostRecord | undefined,
    kill: () => void,
  ): UserHost {
    const { log, openTimeoutMs } = this.#config;
    return new UserHost({
      account,
      process,
      log,
      ...(openTimeoutMs === undefined ? {} : { openTimeoutMs }),
      kill,
      retired: (host) => this.#retire(host),
      parted: (host) => this.#parted(host, record),
    });
  }

  #adopted(record: HostRecord, adopted: AdoptedHost): UserHost["handlers"] {
    const { account, process, key } = record;
    const host = this.#userHost(account, process, record, () => void killProcess(process));
    host.adopt(adopted);
    this.#all.add(host);
    // Where its first link has failed it is still this process's child.
    for (const child of this.#children) if (child.record === record) child.user = host;
    if (host.isOpen && this.#byKey.get(key)?.isOpen !== true) this.#byKey.set(key, host);
    const what = `the session host (process ${process.processId}) was found, sessions: ${adopted.sessions.length}`;
    this.#config.log.info(`user=${account.name} ${what}`);
    return host.handlers;
  }

  /** Its link has ended. Where the process lives on, and has kept to the rules, it is looked for again. */
  #parted(host: UserHost, record: HostRecord | undefined): void {
    this.#retire(host);
    this.#all.delete(host);
    if (record === undefined || this.#closed) return;
    if (host.isDisowned) this.#config.registry?.forget(record);
    else this.#absent?.add(record, { delayMs: ADOPT_SOON_MS, sessions: host.load });
  }

  #retire(host: UserHost): void {
    for (const [key, candidate] of this.#byKey) if (candidate === host) this.#byKey.delete(key);
  }

  #takeSpare(): Child {
    const spare = this.#spare?.host.isOpen === true ? this.#spare : this.#start();
    this.#spare = undefined;
    this.#startSpareIn(SPARE_DELAY_MS);
    return spare;
  }

  #start(): Child {
    const child: Child = {
      host: new SpareHost(this.#config.path, (exit) => this.#ended(child, exit)),
      user: undefined,
      record: undefined,
    };
    this.#children.add(child);
    return child;
  }

  #startSpareIn(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#spare ??= this.#start();
    }, delayMs);
  }

  /** The process has. */
  #ended(child: Child, exit: HostExit): void {
    const { host, user, record } = child;
    this.#children.delete(child);
    if (user !== undefined) {
      user.exited(exit);
      if (record !== undefined) {
        this.#absent?.remove(record);
        this.#config.registry?.forget(record);
      }
      this.#retryMs = SPARE_RETRY_MS;
      return;
    }
    if (!exit.isUsual)
      this.#config.log.error(`a spare host (process ${host.process.processId}) ${exit.what}`);
    // A spare that can not wait may not be able to start at all.
    this.#spare = undefined;
    this.#startSpareIn(this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, SPARE_RETRY_MAX_MS);
  }
}

async function openIn(host: UserHost, request: HostOpenRequest): Promise<RunningSession> {
  const opened = await host.open(request);
  return { opened, end: (text) => host.end(opened.sessionId, text) };
}
