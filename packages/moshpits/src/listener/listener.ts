import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import type { ServerConfig } from "libmoshpit-node/config";
import { DirectoryError } from "libmoshpit-node/host-link";
import type { Identity } from "libmoshpit-node/keys";
import type { Log } from "libmoshpit-node/log";
import { endpointText, listenTcp, type TcpServer } from "libmoshpit-node/net";
import {
  currentUser,
  lookupExpiry,
  lookupUser,
  LookupError,
  nologinFile,
  type Account,
  type Expiry,
} from "libmoshpit-node/users";
import { Admission } from "./admission.js";
import { authorize, type Claim, type Verdict } from "./authorize.js";
import { HandshakeConnection } from "./connection.js";
import { StartupError } from "./host-key.js";
import { HostRegistry, runtimeBase } from "./host-registry.js";
import { Hosts } from "./hosts.js";
import { HANDSHAKE_DEADLINE, HANDSHAKE_DEADLINE_UNDER_PRESSURE } from "./limits.js";
import { SessionOpener } from "./session-opener.js";
import type { ServeSettings } from "./user-host.js";

export interface ListenerConfig {
  readonly config: ServerConfig;
  readonly identity: Identity;
  readonly log: Log;
  /** The script of a session host. */
  readonly hostPath: string;
}

/** The TCP port, and the handshakes in flight. */
export class Listener {
  #config: ListenerConfig;
  readonly #own: Account = currentUser();
  readonly #admission = new Admission();
  readonly #connections = new Set<HandshakeConnection>();
  #hosts: Hosts | undefined;
  #server: TcpServer | undefined;

  constructor(config: ListenerConfig) {
    this.#config = config;
  }

  /** Listens; the address and port. Throws `StartupError`. */
  async start(): Promise<string> {
    const { config, log } = this.#config;
    try {
      this.#server = await listenTcp(config.ip, config.port, {
        connection: (socket) => this.#accept(socket),
        trouble: (error) => log.warnLimited("accept", `connections can not be taken: ${error.message}`),
      });
    } catch (error) {
      throw listenError(config, error as NodeJS.ErrnoException);
    }
    // Only whoever has the port may take up the hosts that belong to it.
    const registry = this.#openRegistry();
    this.#hosts = new Hosts({
      path: this.#config.hostPath,
      build: buildOf(this.#config.hostPath),
      log,
      settings: settingsOf(config),
      ...(registry === undefined ? {} : { registry }),
    });
    const where = endpointText(this.#server.address, this.#server.port);
    log.info(`listening on ${where}`);
    return where;
  }

  /**
   * Goes on with another host key and another configuration: whoever comes from now on meets them. The address, the port,
   * the directory of the hosts and the log stay as they are.
   */
  reload({ config, identity }: Pick<ListenerConfig, "config" | "identity">): void {
    const { ip, port, runtimeDirectory } = this.#config.config;
    const settled = { ...config, ip, port, runtimeDirectory };
    this.#config = { ...this.#config, config: settled, identity };
    if (this.#hosts !== undefined) this.#hosts.settings = settingsOf(settled);
  }

  /** Ends the handshakes in flight and listens no more; sessions go on. */
  stop(): void {
    this.#server?.close();
    for (const connection of this.#connections) connection.destroy();
    this.#hosts?.close();
  }

  #accept(socket: Socket): void {
    const { identity, log } = this.#config;
    const hosts = this.#hosts;
    const admitted = this.#admission.admit(socket.remoteAddress ?? "");
    if (admitted.kind === "dropped" || hosts === undefined) {
      const peer = endpointText(socket.remoteAddress, socket.remotePort);
      const why = admitted.kind === "dropped" ? admitted.why : "starting";
      log.warnLimited(`dropped ${why}`, `dropped address=${peer}: too many handshakes (${why})`);
      if (admitted.kind === "admitted") admitted.release();
      socket.destroy();
      return;
    }
    const connection = new HandshakeConnection(socket, {
      identity,
      log,
      deadline: admitted.underPressure ? HANDSHAKE_DEADLINE_UNDER_PRESSURE : HANDSHAKE_DEADLINE,
      authorize: (claim) => this.#authorize(claim),
      opener: new SessionOpener(hosts),
    });
    this.#connections.add(connection);
    socket.once("close", () => {
      this.#connections.delete(connection);
      admitted.release();
    });
  }

  /** Without one everything works but a restart: that is for the log, and no reason not to serve. */
  #openRegistry(): HostRegistry | undefined {
    const { config, log } = this.#config;
    const base = config.runtimeDirectory ?? runtimeBase(this.#own.uid, this.#own.home);
    try {
      return HostRegistry.open({ base, ip: config.ip, port: config.port });
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
      const remedy = "mend it, or choose another with runtime_dir in [mps] of the config file";
      log.error(`sessions can not be resumed after a restart of mps: ${error.message}; ${remedy}`);
      return undefined;
    }
  }

  async #authorize(claim: Claim): Promise<Verdict> {
    const { config } = this.#config;
    return await authorize(claim, {
      authorizedKeys: config.authorizedKeys,
      own: this.#own,
      lookup: async (name) => await this.#ask(lookupUser(name), undefined),
      expiry: async (name) => await this.#ask<Expiry>(lookupExpiry(name), "unknown"),
      nologin: nologinFile,
    });
  }

  /** A database that does not answer is for the log; `otherwise` goes on in its place. */
  async #ask<T>(answer: Promise<T>, otherwise: T): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof LookupError)) throw error;
      this.#config.log.error(`the user database can not be asked: ${error.message}`);
      return otherwise;
    }
  }
}

function settingsOf({ udpPorts, ip, detachedLifetimeSecs }: ServerConfig): ServeSettings {
  return {
    udpPortFirst: udpPorts.first,
    udpPortLast: udpPorts.last,
    bindAddress: ip,
    detachedLifetimeSeconds: detachedLifetimeSecs,
  };
}

/** The host's script names all its parts by their content. */
function buildOf(hostPath: string): string {
  try {
    return createHash("sha256").update(readFileSync(hostPath)).digest("hex").slice(0, 16);
  } catch (error) {
    throw new StartupError(`mps is not wholly installed: ${(error as Error).message}`);
  }
}

function listenError({ ip, port }: ServerConfig, error: NodeJS.ErrnoException): StartupError {
  const where = endpointText(ip, port);
  const choose = "choose another with port in [mps] of the config file, or MOSHPITS_MPS_PORT";
  switch (error.code) {
    case "EADDRINUSE":
      return new StartupError(`TCP port ${where} is taken: ${choose}`);
    case "EACCES":
      return new StartupError(`TCP port ${where} may not be used by ${currentUser().name}: ${choose}`);
    case "EADDRNOTAVAIL":
      return new StartupError(
        `${ip} is not an address of this machine: change ip in [mps] of the config file, or MOSHPITS_MPS_IP`,
      );
    default:
      return new StartupError(`can not listen on ${where}: ${error.message}`);
  }
}
