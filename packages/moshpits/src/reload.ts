import { loadServerConfig, type Invocation, type ServerConfig, type Sources } from "libmoshpit-node/config";
import { fingerprint } from "libmoshpit-node/keys";
import type { Log } from "libmoshpit-node/log";
import { loadHostKey, StartupError, type HostKey } from "./listener/host-key.js";
import type { Listener } from "./listener/listener.js";

/** Reads the host key that the configuration names. Throws `StartupError`. */
export async function hostKeyOf(config: ServerConfig, sources: Sources): Promise<HostKey> {
  const isDefaultPath = sources.get("private_key_path")?.kind === "default";
  return await loadHostKey(config.privateKeyPath, config.publicKeyPath, isDefaultPath);
}

export interface ReloaderConfig {
  /** What mps was started with: it counts again. */
  readonly invocation: Invocation;
  readonly config: ServerConfig;
  readonly listener: Pick<Listener, "reload">;
  readonly log: Log;
}

/** What only a start takes in, and what to call it. */
const FIXED = [
  ["mps.ip", (config: ServerConfig) => config.ip],
  ["mps.port", (config: ServerConfig) => config.port],
  ["mps.runtime_dir", (config: ServerConfig) => config.runtimeDirectory],
  ["the settings of the log", (config: ServerConfig) => JSON.stringify(config.log)],
] as const;

/** Reads configuration and host key again while mps runs. What is wrong with them is logged, and nothing changes then. */
export class Reloader {
  readonly #config: ReloaderConfig;
  #last: Promise<void> = Promise.resolve();

  constructor(config: ReloaderConfig) {
    this.#config = config;
  }

  /** One after the other, however often it is asked for. */
  reload(): void {
    this.#last = this.#last.then(async () => await this.#reload());
  }

  async #reload(): Promise<void> {
    const { invocation, listener, log } = this.#config;
    try {
      const loaded = await loadServerConfig(invocation);
      if (loaded.kind === "print") throw new StartupError(loaded.text.trim().replace(/^mps: /, ""));
      const { config, sources, warnings } = loaded;
      const key = await hostKeyOf(config, sources);
      for (const warning of [...warnings, ...key.warnings, ...this.#unchanged(config)]) log.warn(warning);
      listener.reload({ config, identity: key.identity });
      log.info(`configuration and host key were read again; host key ${fingerprint(key.identity.publicKey)}`);
    } catch (error) {
      const text = error instanceof StartupError ? error.message : String((error as Error).stack);
      log.error(`configuration and host key were not taken in, the former ones stay: ${text}`);
    }
  }

  #unchanged(config: ServerConfig): readonly string[] {
    const changed = FIXED.filter(([, of]) => of(config) !== of(this.#config.config));
    return changed.map(([name]) => `${name}: the new value takes effect when mps is started again`);
  }
}
