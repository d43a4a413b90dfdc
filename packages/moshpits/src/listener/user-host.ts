import type { Duplex } from "node:stream";
import {
  Feature,
  HostLink,
  LINK_FEATURES,
  LINK_VERSION,
  type AttachmentResumed,
  type DoorwayInit,
  type HostLinkHandlers,
  type HostLinkMessage,
  type Ready,
  type ServeInit,
  type SessionOpened,
} from "libmoshpit-node/host-link";
import type { Log } from "libmoshpit-node/log";
import type { Account } from "libmoshpit-node/users";
import { printable } from "libmoshpit/handshake";
import { toHex } from "libmoshpit/util";
import { RejectCode } from "libmoshpit/wire";
import { HostLog } from "./host-log.js";
import {
  OpenError,
  rejectCodeOf,
  type HostOpenRequest,
  type HostResumeRequest,
  type KnownSession,
} from "./host-requests.js";
import { HOST_MESSAGES, MAX_GROUPS_TOLD, OPEN_TIMEOUT_MS } from "./limits.js";
import type { ProcessIdentity } from "./process-identity.js";
import { Questions } from "./questions.js";
import type { HostExit } from "./spare-host.js";

/** What is the same for every user. */
export type ServeSettings = Pick<
  ServeInit,
  "udpPortFirst" | "udpPortLast" | "bindAddress" | "detachedLifetimeSeconds"
>;

export interface UserHostConfig {
  readonly account: Account;
  readonly process: ProcessIdentity;
  readonly log: Log;
  /** For a session to be confirmed, in milliseconds. */
  readonly openTimeoutMs?: number;
  /** Ends the process by SIGKILL. */
  readonly kill: () => void;
  /** It is to get no more sessions. Those that it has go on, and are heard of. */
  readonly retired: (host: UserHost) => void;
  /** Nothing is heard of it any more; its sessions may go on. Once, before the process is known to have ended or with it. */
  readonly parted: (host: UserHost) => void;
}

/** What is known of a host that runs already. */
export interface AdoptedHost {
  readonly link: HostLink;
  readonly features: readonly number[];
  readonly sessions: readonly KnownSession[];
}

/** One user's session host, seen from the listener. */
export class UserHost {
  readonly #config: UserHostConfig;
  /** By session id. */
  readonly #openings: Questions<string, SessionOpened>;
  readonly #sessions = new Map<string, KnownSession>();
  /** By connection id. */
  readonly #resumptions: Questions<bigint, AttachmentResumed>;
  readonly #log: HostLog;
  #link: HostLink | undefined;
  /** Until it says otherwise, those of its installation, which is this one. */
  #features: ReadonlySet<number> = new Set(LINK_FEATURES);
  #isReady = false;
  #retired = false;
  #parted = false;
  #disowned = false;
  #second = { ends: 0, count: 0 };

  constructor(config: UserHostConfig) {
    this.#config = config;
    this.#log = new HostLog(config.log, this.#whose, config.process.processId);
    const timeoutMs = config.openTimeoutMs ?? OPEN_TIMEOUT_MS;
    this.#openings = new Questions(timeoutMs);
    this.#resumptions = new Questions(timeoutMs);
  }

  /** Whether sessions can be opened. */
  get isOpen(): boolean {
    return !this.#parted && !this.#retired && this.#features.has(Feature.OPEN_SESSION);
  }

  /** Whether it broke the rules: it is not to be taken up again. */
  get isDisowned(): boolean {
    return this.#disowned;
  }

  get account(): Account {
    return this.#config.account;
  }

  /** Those that it has, as far as it said. */
  get sessions(): readonly KnownSession[] {
    return [...this.#sessions.values()];
  }

  /** Sessions, those that are being opened included. */
  get load(): number {
    return this.#sessions.size + this.#openings.size;
  }

  /** Begins: the host at the other end of the stream has been told who it is to be. */
  serve(stream: Duplex, settings: ServeSettings, doorway: DoorwayInit | undefined): void {
    const { name, home, shell } = this.account;
    this.#link = new HostLink(stream, this.handlers);
    const more = doorway === undefined ? {} : { doorway };
    const speaks = { version: LINK_VERSION, features: [...LINK_FEATURES] };
    this.#link.send({ case: "serve", value: { ...settings, ...speaks, ...more, user: name, home, shell } });
  }

  /** Begins with a host that runs already, and has proved itself. */
  adopt({ link, features, sessions }: AdoptedHost): void {
    this.#link = link;
    this.#features = new Set(features);
    this.#isReady = true;
    for (const session of sessions) this.#sessions.set(toHex(session.sessionId), session);
  }

  /** What the link is to call. */
  get handlers(): HostLinkHandlers {
    return { message: (message) => this.#received(message), ended: (error) => this.#linkEnded(error) };
  }

  /** Opens a session. Throws `OpenError`: refused, ended, or said nothing for 10 s. */
  async open(request: HostOpenRequest): Promise<SessionOpened> {
    const { sessionId, attachmentId, keyFingerprint } = request;
    const key = toHex(sessionId);
    const link = this.#requireLink();
    return await this.#openings.ask(key, {
      ask: () => link.send({ case: "openSession", value: request }),
      answered: ({ sessionName }) =>
        this.#sessions.set(key, { sessionId, attachmentId, keyFingerprint, sessionName }),
      tooSlow: () => {
        this.end(sessionId, "the host was too slow");
        this.#retire();
      },
    });
  }

  /** Gives an attachment another connection. Throws `OpenError`: refused, ended, or said nothing for 10 s. */
  async resume(request: HostResumeRequest): Promise<AttachmentResumed> {
    if (!this.#features.has(Feature.RESUME_ATTACHMENT))
      throw new OpenError(RejectCode.INTERNAL, `${this.#name} can not resume: it is of another version`);
    const link = this.#requireLink();
    return await this.#resumptions.ask(request.connection.connectionId, {
      ask: () => link.send({ case: "resumeAttachment", value: request }),
    });
  }

  /** Ends a session, one that is being opened included, where the host's version can. */
  end(sessionId: Uint8Array, text: string): void {
    if (this.#features.has(Feature.END_SESSION))
      this.#link?.send({ case: "endSession", value: { sessionId, text } });
  }

  /** Lets go of it; it goes on until its sessions have ended. */
  release(): void {
    this.#parted = true;
    // They are nobody's here any more, and not lost.
    this.#sessions.clear();
    this.#link?.destroy();
  }

  /** Its process has ended: what was asked of it is refused. */
  exited({ what, isUsual }: HostExit): void {
    if (!isUsual || this.#sessions.size > 0) {
      const lost = this.#sessions.size > 0 ? `, lost sessions: ${this.#sessions.size}` : "";
      this.#config.log.error(`${this.#whose} ${this.#name} ${what}${lost}`);
    }
    this.#sessions.clear();
    this.#part(what);
  }

  get #whose(): string {
    return `user=${this.account.name}`;
  }

  get #name(): string {
    return `the session host (process ${this.#config.process.processId})`;
  }

  /** Of a process that is the user's: whatever it says may be meant to do harm. */
  #received(message: HostLinkMessage): void {
    const { log } = this.#config;
    this.#limitRate();
    switch (message.case) {
      case "ready":
        this.#ready(message.value);
        return;
      case "sessionOpened":
        this.#openings.resolve(toHex(message.value.sessionId), message.value);
        return;
      case "sessionRefused": {
        const { sessionId, code, text } = message.value;
        this.#openings.reject(toHex(sessionId), new OpenError(rejectCodeOf(code), printable(text)));
        return;
      }
      case "attachmentResumed":
        this.#resumptions.resolve(message.value.connectionId, message.value);
        return;
      case "resumeRefused": {
        const { connectionId, code, text } = message.value;
        this.#resumptions.reject(connectionId, new OpenError(rejectCodeOf(code), printable(text)));
        return;
      }
      case "sessionEnded": {
        const { sessionId, text } = message.value;
        if (this.#sessions.delete(toHex(sessionId))) log.info(`${this.#whose} ${printable(text)}`);
        this.#endIfUseless();
        return;
      }
      case "logRecord":
        this.#log.relay(message.value);
        return;
      default:
        this.#disown(`sent ${message.case}, which is not its to send`);
    }
  }

  #requireLink(): HostLink {
    if (this.#parted || this.#link === undefined)
      throw new OpenError(RejectCode.INTERNAL, "the host has ended", true);
    return this.#link;
  }

  /** Said once, and checked: a host that is not who it should be must not serve. */
  #ready({ processId, uid, gid, groups, version, features, doorwayFault }: Ready): void {
    const { account, log } = this.#config;
    if (this.#isReady) {
      this.#disown("said more than once that it is ready");
      return;
    }
    this.#isReady = true;
    // Without root's privilege a host has this process's group, which newgrp may have chosen.
    const group = process.getuid?.() === 0 ? account.gid : process.getgid?.();
    if (account.uid !== uid || group !== gid) {
      this.#disown(`runs as uid ${uid} gid ${gid}, must be uid ${account.uid} gid ${group}`);
      return;
    }
    if (version !== LINK_VERSION) {
      this.#disown(`speaks version ${version}, mps ${LINK_VERSION}: it was installed anew, start it again`);
      return;
    }
    this.#features = new Set(features);
    if (doorwayFault !== "")
      log.warn(`${this.#whose} ${this.#name} will not be found by the next mps: ${printable(doorwayFault)}`);
    const told = groups.slice(0, MAX_GROUPS_TOLD).join(",");
    const more = groups.length > MAX_GROUPS_TOLD ? ` and ${groups.length - MAX_GROUPS_TOLD} more` : "";
    log.debug(`${this.#whose} host=${processId} uid=${uid} gid=${gid} groups=${told}${more}`);
  }

  /** Ends the link: it broke the rules. */
  #disown(why: string): void {
    this.#disowned = true;
    this.#config.log.error(`${this.#whose} the session host ${why}: it gets no more sessions`);
    this.#link?.destroy();
  }

  /** It hangs, or was stopped: the user's next session gets another. */
  #retire(): void {
    if (this.isOpen) {
      this.#retired = true;
      const kept = `it keeps its sessions (${this.#sessions.size}), the next get a new host`;
      this.#config.log.error(`${this.#whose} ${this.#name} hangs: ${kept}`);
      this.#config.retired(this);
    }
    this.#endIfUseless();
  }

  /** One that hangs may never end by itself. */
  #endIfUseless(): void {
    if (this.#retired && !this.#parted && this.load === 0) this.#config.kill();
  }

  /** One that says more than any host has to say waits for the rest of the second: other users' are heard as well. */
  #limitRate(): void {
    const now = performance.now();
    if (now >= this.#second.ends) this.#second = { ends: now + 1_000, count: 0 };
    this.#second.count += 1;
    if (this.#second.count === HOST_MESSAGES) this.#link?.hold(this.#second.ends - now);
  }

  #linkEnded(error: Error | undefined): void {
    if (error !== undefined)
      this.#config.log.error(`${this.#whose} the link to the host failed: ${error.message}`);
    this.#part("ended");
  }

  #part(what: string): void {
    if (this.#parted) return;
    this.#parted = true;
    const error = new OpenError(RejectCode.INTERNAL, `the session host ${what}`, true);
    this.#openings.rejectAll(error);
    this.#resumptions.rejectAll(error);
    this.#config.parted(this);
  }
}
