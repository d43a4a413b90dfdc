import type { HostLinkHandlers } from "libmoshpit-node/host-link";
import type { Log } from "libmoshpit-node/log";
import type { Account } from "libmoshpit-node/users";
import { toHex } from "libmoshpit/util";
import { AdoptError, adoptHost, type Adoption } from "./adopt-host.js";
import type { HostRecord, HostRegistry } from "./host-registry.js";
import { ADOPT_RETRY_MAX_MS, ADOPT_RETRY_MS, ADOPT_TIMEOUT_MS } from "./limits.js";
import { isRunning } from "./process-identity.js";
import type { AdoptedHost } from "./user-host.js";

export interface AbsentHostsConfig {
  readonly registry: HostRegistry;
  readonly log: Log;
  /** It has proved itself; gives what its link calls from now on. */
  readonly adopted: (record: HostRecord, host: AdoptedHost) => HostLinkHandlers;
  /** For a host to answer, in milliseconds. */
  readonly timeoutMs?: number;
}

interface Absent {
  readonly record: HostRecord;
  /** Sessions that it had when it was last heard of. */
  readonly sessions: number;
  failures: number;
  attempt: Adoption | undefined;
  timer: NodeJS.Timeout | undefined;
  isForeign: boolean;
}

/** Hosts that run, as far as is known, without a link to this listener. They are looked for until they are found or gone. */
export class AbsentHosts {
  readonly #config: AbsentHostsConfig;
  /** By host id. */
  readonly #hosts = new Map<string, Absent>();
  #closed = false;

  constructor(config: AbsentHostsConfig) {
    this.#config = config;
  }

  /** Looks for a host, after a while; `sessions`: how many it had. */
  add(
    record: HostRecord,
    { delayMs, sessions }: { readonly delayMs: number; readonly sessions: number },
  ): void {
    if (this.#closed) return;
    const state = { failures: 0, attempt: undefined, timer: undefined, isForeign: false };
    const absent: Absent = { record, sessions, ...state };
    this.#hosts.set(toHex(record.hostId), absent);
    if (delayMs === 0) void this.#try(absent);
    else this.#tryIn(absent, delayMs);
  }

  /** It is known to have ended. */
  remove({ hostId }: HostRecord): void {
    const absent = this.#hosts.get(toHex(hostId));
    this.#hosts.delete(toHex(hostId));
    clearTimeout(absent?.timer);
    absent?.attempt?.cancel();
  }

  /** Sessions that the user's had. */
  sessionsOf(account: Account): number {
    return this.#of(account).reduce((sum, { sessions }) => sum + sessions, 0);
  }

  /** Whether one of the user's may be running. */
  mayHave(account: Account): boolean {
    return this.#of(account).some(({ record }) => isRunning(record.process));
  }

  /** Resolves when every one of the user's has been tried again; soon. */
  async tried(account: Account): Promise<void> {
    await Promise.all(this.#of(account).map(async (absent) => await this.#try(absent)));
  }

  /** The same, but for those that have been tried before. */
  async triedOnce(account: Account): Promise<void> {
    const fresh = this.#of(account).filter(({ failures }) => failures === 0);
    await Promise.all(fresh.map(async (absent) => await this.#try(absent)));
  }

  close(): void {
    this.#closed = true;
    for (const { record } of [...this.#hosts.values()]) this.remove(record);
  }

  #of({ name, uid }: Account): readonly Absent[] {
    return [...this.#hosts.values()].filter(
      ({ record: { account } }) => account.name === name && account.uid === uid,
    );
  }

  /** Never rejects; joins an attempt that is under way. */
  async #try(absent: Absent): Promise<void> {
    if (absent.isForeign) return;
    clearTimeout(absent.timer);
    const { registry, adopted, timeoutMs = ADOPT_TIMEOUT_MS } = this.#config;
    const { record } = absent;
    const isFirst = absent.attempt === undefined;
    absent.attempt ??= adoptHost(registry, record, {
      timeoutMs,
      adopted: (host) => {
        this.#hosts.delete(toHex(record.hostId));
        return adopted(record, host);
      },
    });
    try {
      await absent.attempt.done;
    } catch (error) {
      if (!(error instanceof AdoptError)) throw error;
      if (isFirst) this.#failed(absent, error);
    }
  }

  #failed(absent: Absent, error: AdoptError): void {
    absent.attempt = undefined;
    const { record } = absent;
    if (this.#hosts.get(toHex(record.hostId)) !== absent) return;
    absent.failures += 1;
    const runs = isRunning(record.process);
    if (error.kind === "gone" || !runs) {
      this.#forget(absent, runs);
      return;
    }
    absent.isForeign = error.kind === "foreign";
    if (absent.failures === 1)
      this.#config.log.warn(
        `${describe(record)} can not be taken up: ${error.message}; its sessions go on, and can not be resumed meanwhile`,
      );
    if (absent.isForeign) return;
    this.#tryIn(absent, Math.min(ADOPT_RETRY_MS * 2 ** (absent.failures - 1), ADOPT_RETRY_MAX_MS));
  }

  #tryIn(absent: Absent, delayMs: number): void {
    clearTimeout(absent.timer);
    absent.timer = setTimeout(() => void this.#try(absent), delayMs);
    absent.timer.unref();
  }

  #forget({ record, sessions }: Absent, runs: boolean): void {
    const { registry, log } = this.#config;
    this.#hosts.delete(toHex(record.hostId));
    registry.forget(record);
    const lost = sessions > 0 ? `, lost sessions: ${sessions}` : "";
    if (runs)
      log.error(`${describe(record)} has lost its socket: its sessions go on, and can not be resumed`);
    else if (sessions > 0) log.error(`${describe(record)} ended${lost}`);
    else log.info(`${describe(record)} has ended`);
  }
}

function describe({ account, process: { processId } }: HostRecord): string {
  return `user=${account.name} the session host (process ${processId})`;
}
