import type { LogSettings } from "../log/settings.js";
import { load, type Invocation, type Loaded, type Values } from "./load.js";
import { logSettings } from "./logging.js";
import { parsePortRange, SERVER_PROGRAM, type PortRange } from "./server-program.js";

/** What `mps` runs with. Paths are absolute, `authorizedKeys` aside. */
export interface ServerConfig {
  /** IPv4 or IPv6, without brackets. */
  readonly ip: string;
  /** TCP. */
  readonly port: number;
  readonly udpPorts: PortRange;
  /** Relative to the home directory of the user who logs in. */
  readonly authorizedKeys: string;
  readonly detachedLifetimeSecs: number;
  /** Where session hosts are found again; undefined: where it is by default (`mps`). */
  readonly runtimeDirectory: string | undefined;
  readonly privateKeyPath: string;
  readonly publicKeyPath: string;
  /** Only to look whether everything is in order. */
  readonly check: boolean;
  readonly log: LogSettings;
}

/** `mps`'s configuration from flags, environment, file and defaults, or what to print instead (status 0 or 2). */
export async function loadServerConfig(invocation: Invocation): Promise<Loaded<ServerConfig>> {
  return load(SERVER_PROGRAM, invocation, complete);
}

function complete(values: Values): ServerConfig | string {
  const keyPath = values.line.given.get("private_key_path")?.value;
  if (typeof keyPath === "string" && /^\d+$/.test(keyPath)) {
    return `-p names the private key file; the TCP port is port in [mps] of the config file, or MOSHPITS_MPS_PORT=${keyPath}`;
  }
  const udpPorts = parsePortRange(values.certainText("mps.udp_ports"));
  if (typeof udpPorts === "string") return udpPorts;
  const privateKeyPath = values.certainText("private_key_path");
  return {
    ip: values.certainText("mps.ip"),
    port: values.number("mps.port"),
    udpPorts,
    authorizedKeys: values.certainText("mps.authorized_keys"),
    detachedLifetimeSecs: values.number("mps.detached_lifetime_secs"),
    runtimeDirectory: values.text("mps.runtime_dir"),
    privateKeyPath,
    publicKeyPath: values.text("public_key_path") ?? `${privateKeyPath}.pub`,
    check: values.switch("check"),
    log: logSettings(values, () => values.switch("enable_std_output")),
  };
}
