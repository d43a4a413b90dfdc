import type { LogSettings } from "../log/settings.js";
import { CLIENT_PROGRAM, type CipherSuiteName } from "./client-program.js";
import { parseDestination, type Destination } from "./destination.js";
import { load, type Invocation, type Loaded, type Values } from "./load.js";
import { logSettings } from "./logging.js";
import { firstWord } from "./values.js";

/** What `mp` runs with. Paths are absolute. */
export interface ClientConfig {
  readonly destination: Destination;
  /** TCP. */
  readonly serverPort: number;
  /** What followed `--`, joined by spaces; absent: an interactive login shell. At most 8192 octets. */
  readonly command: string | undefined;
  /** Only to look where a connection fails. */
  readonly doctor: boolean;
  /** A terminal for a remote command even where standard input is none. */
  readonly tty: boolean;
  readonly privateKeyPath: string;
  readonly publicKeyPath: string;
  readonly knownHosts: string;
  readonly acceptNewHostKey: boolean;
  /** `SHA256:…`: this host key and no other. */
  readonly hostFingerprint: string | undefined;
  /** Absent: all, the strongest first. */
  readonly cipherSuite: CipherSuiteName | undefined;
  /** 2 to 86400. */
  readonly maxReconnectBackoffSecs: number;
  readonly log: LogSettings;
}

/** `mp`'s configuration from flags, environment, file and defaults, or what to print instead (status 0 or 255). */
export async function loadClientConfig(invocation: Invocation): Promise<Loaded<ClientConfig>> {
  return load(CLIENT_PROGRAM, invocation, complete);
}

/** spec: OpenRequest.command. */
const LONGEST_COMMAND = 8_192;

function complete(values: Values): ClientConfig | string {
  const keyPath = values.line.given.get("private_key_path")?.value;
  if (typeof keyPath === "string" && /^\d+$/.test(keyPath)) {
    return `-p names a private key file; --server-port/-s ${keyPath} was probably meant (a file of that name is ./${keyPath})`;
  }
  const text = values.text("server_destination");
  if (text === undefined) return "no destination: mp [OPTIONS] <SERVER_DESTINATION>, see mp --help";
  const parsed = parseDestination(text);
  if (typeof parsed === "string") return parsed;
  const destination = { ...parsed, user: parsed.user ?? values.text("user") };
  const command = values.line.rest?.join(" ") ?? "";
  if (Buffer.byteLength(command) > LONGEST_COMMAND)
    return `the command is longer than ${LONGEST_COMMAND} octets`;
  if (command.includes("\0")) return "the command holds a NUL";
  const doctor = values.switch("doctor");
  if (doctor && command !== "") return "--doctor takes no command after --";
  const hostFingerprint = values.text("host_fingerprint");
  const privateKeyPath = values.certainText("private_key_path");
  return {
    destination,
    serverPort: values.number("server_port"),
    command: command === "" ? undefined : command,
    doctor,
    tty: values.switch("tty"),
    privateKeyPath,
    publicKeyPath: values.text("public_key_path") ?? `${privateKeyPath}.pub`,
    knownHosts: values.certainText("known_hosts"),
    acceptNewHostKey: values.switch("accept_new_host_key"),
    hostFingerprint: hostFingerprint === undefined ? undefined : firstWord(hostFingerprint),
    cipherSuite: values.text("cipher_suite") as CipherSuiteName | undefined,
    maxReconnectBackoffSecs: values.number("max_reconnect_backoff_secs"),
    // Whoever did not ask for log lines gets none between those of the remote program.
    log: logSettings(values, (layer, verbosity) => verbosity > 0 || layer.directives.length > 0),
  };
}
