import { isIP } from "node:net";
import { commonOptions } from "./common-options.js";
import type { Program } from "./option.js";

/** UDP ports of sessions, both ends included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

const common = commonOptions({
  folder: "moshpits",
  side: "server",
  privateKey: "~/.mp/mps_host_ed25519_key",
  stdoutWhen: "on standard error (only with -e)",
});

/** Every setting of `mps`. */
export const SERVER_PROGRAM: Program = {
  name: "mps",
  about: "Serves terminals to mp.",
  usage: "mps [OPTIONS]",
  prefix: "MOSHPITS_",
  defaultFile: "~/.config/moshpits/moshpits.toml",
  misuseStatus: 2,
  hostSections: false,
  takesCommand: false,
  options: [
    ...common.verbosity,
    {
      key: "enable_std_output",
      kind: { type: "switch" },
      fallback: false,
      flag: { long: "enable-std-output", short: "e" },
      help: "Enable logging to standard error (not recommended when running as a daemon)",
    },
    ...common.files,
    {
      key: "check",
      kind: { type: "switch" },
      fallback: false,
      flag: { long: "check" },
      flagOnly: true,
      help: "Check configuration, keys, permissions, ports and users, say what to do about what is wrong, and end",
    },
    {
      key: "mps.ip",
      kind: { type: "text", check: addressFault },
      fallback: "0.0.0.0",
      help: "IP address to listen on; :: is every address, IPv6 included",
    },
    {
      key: "mps.port",
      kind: { type: "integer", min: 1, max: 65_535 },
      fallback: 40_404,
      help: "TCP port to listen on",
    },
    {
      key: "mps.udp_ports",
      kind: { type: "text", check: portRangeFault },
      fallback: "50000-59999",
      help: "UDP ports of the sessions",
    },
    {
      key: "mps.authorized_keys",
      kind: { type: "text", check: homeFileFault },
      fallback: ".mp/authorized_keys",
      help: "File of the keys that may log in, within the home directory of the user who logs in",
    },
    {
      key: "mps.detached_lifetime_secs",
      kind: { type: "integer", min: 1, max: 31_536_000 },
      fallback: 604_800,
      help: "How long a session lives on without hearing from its client, in seconds",
    },
    {
      key: "mps.runtime_dir",
      kind: { type: "path" },
      example: "/run/moshpits",
      help: "Directory in which the next mps finds the sessions that run (without it /run/moshpits for root, ~/.mp/run for others)",
    },
    ...common.tracing,
  ],
  notes: [
    "Key by key, an environment variable wins over a flag, and a flag over the file. This differs from sshd, where the command line wins.",
    "mps config prints every setting that is in force and where its value comes from.",
    "SIGTERM ends mps and no session: the next mps finds those that run. SIGHUP has it read its configuration and host key again.",
    "Exit status: 0 after a signal asked it to end, 1 if it could not start, 2 for a wrong option, variable or config file.",
  ],
};

/** From `50000-59999` or `50000`; a string says what is wrong. */
export function parsePortRange(text: string): PortRange | string {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (first >= 1 && first <= last && last <= 65_535) return { first, last };
  return `must be a range of ports like 50000-59999, is ${JSON.stringify(text)}`;
}

function portRangeFault(text: string): string | undefined {
  const parsed = parsePortRange(text);
  return typeof parsed === "string" ? parsed : undefined;
}

function addressFault(text: string): string | undefined {
  return isIP(text) === 0 ? `must be an IPv4 or IPv6 address, is ${JSON.stringify(text)}` : undefined;
}

function homeFileFault(text: string): string | undefined {
  if (!/^[~/]|\0|(^|\/)\.\.(\/|$)|\/$/.test(text)) return undefined;
  return `must be a path within the home directory like .mp/authorized_keys, is ${JSON.stringify(text)}`;
}
