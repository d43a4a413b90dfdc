import { commonOptions } from "./common-options.js";
import { parseDestination, USER_NAME } from "./destination.js";
import type { Program } from "./option.js";
import { firstWord } from "./values.js";

/** How the cipher suites are called in the configuration. */
export const CIPHER_SUITE_NAMES = ["aes-256-gcm-siv-hmac-sha512", "aes-256-gcm-siv-hmac-sha512-256"] as const;

export type CipherSuiteName = (typeof CIPHER_SUITE_NAMES)[number];

const common = commonOptions({
  folder: "moshpit",
  side: "client",
  privateKey: "~/.mp/id_ed25519",
  stdoutWhen: "on standard error (only with -v or directives)",
});

/** Every setting of `mp`. */
export const CLIENT_PROGRAM: Program = {
  name: "mp",
  about: "Opens a terminal on another machine that survives loss, sleep and roaming.",
  usage: "mp [OPTIONS] <SERVER_DESTINATION> [-- COMMAND...]",
  prefix: "MOSHPIT_",
  defaultFile: "~/.config/moshpit/moshpit.toml",
  misuseStatus: 255,
  hostSections: true,
  takesCommand: true,
  options: [
    {
      key: "server_destination",
      kind: { type: "text", check: destinationFault },
      positional: "SERVER_DESTINATION",
      help: "Name or address of the server to connect to, or user@ and that",
      example: "alice@192.168.1.10",
    },
    ...common.verbosity,
    ...common.files,
    {
      key: "user",
      perHost: true,
      kind: { type: "text", check: userFault },
      help: "Whom to log in as where the destination does not say so (without it the local login name)",
      example: "alice",
    },
    {
      key: "server_port",
      perHost: true,
      kind: { type: "integer", min: 1, max: 65_535 },
      fallback: 40_404,
      flag: { long: "server-port", short: "s", placeholder: "PORT" },
      help: "Server TCP port",
    },
    {
      key: "tty",
      perHost: true,
      kind: { type: "switch" },
      fallback: false,
      flag: { long: "tty" },
      help: "Give a remote command a terminal even where standard input is none",
    },
    {
      key: "known_hosts",
      perHost: true,
      kind: { type: "path" },
      fallback: "~/.mp/known_hosts",
      flag: { long: "known-hosts", placeholder: "PATH" },
      help: "File of the known servers' keys",
    },
    {
      key: "accept_new_host_key",
      perHost: true,
      kind: { type: "switch" },
      fallback: false,
      flag: { long: "accept-new-host-key" },
      help: "Trust a server that is not known yet without asking; a changed key is refused all the same",
    },
    {
      key: "host_fingerprint",
      perHost: true,
      kind: { type: "text", check: fingerprintFault },
      flag: { long: "host-fingerprint", placeholder: "SHA256:..." },
      help: "Connect to a server with this key and no other",
      example: "SHA256:SEOWSblNt4L0KxgbB3XASmquo71fAYgfcPnmkucEhpk",
    },
    {
      key: "cipher_suite",
      perHost: true,
      kind: { type: "choice", values: CIPHER_SUITE_NAMES },
      help: "Offer this cipher suite alone; the second saves 32 octets a packet",
      example: CIPHER_SUITE_NAMES[1],
    },
    {
      key: "max_reconnect_backoff_secs",
      perHost: true,
      kind: { type: "integer", min: 2, max: 86_400, clamp: true },
      fallback: 3_600,
      help: "Longest wait between two attempts to reconnect, in seconds",
    },
    {
      key: "doctor",
      kind: { type: "switch" },
      fallback: false,
      flag: { long: "doctor" },
      flagOnly: true,
      help: "Try each step of a connection to the server by itself, say what fails and what to do, and end",
    },
    ...common.tracing,
  ],
  notes: [
    "Key by key, an environment variable wins over a flag, and a flag over the file. This differs from ssh, where the command line wins. SERVER_DESTINATION alone wins over everything.",
    "mp config prints every setting that is in force and where its value comes from, with a destination for that host. (A host of that name is reached as user@config.)",
    "Escape key: Ctrl-^, then . to quit.",
    "In the background (mp host -- command &) standard input is empty unless it is redirected.",
    "Exit status: that of the remote shell or command; 255 for an error of mp itself.",
  ],
};

function destinationFault(text: string): string | undefined {
  const parsed = parseDestination(text);
  return typeof parsed === "string" ? parsed : undefined;
}

function userFault(text: string): string | undefined {
  if (USER_NAME.test(text)) return undefined;
  return `must be a user name of a to z, 0 to 9, _ and -, at most 32, not first a digit or -, is ${JSON.stringify(text)}`;
}

function fingerprintFault(text: string): string | undefined {
  if (/^SHA256:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]$/.test(firstWord(text))) return undefined;
  return `must be SHA256: and 43 characters of base64, is ${JSON.stringify(text)}`;
}
