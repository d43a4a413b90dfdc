import { flagEntries, helpSection, type Option } from "libmoshpit-node/config";

/** What mp-keygen can do. */
export type CommandName = "generate" | "fingerprint" | "verify" | "passwd" | "import" | "export";

/** One command. */
export interface Command {
  readonly usage: string;
  readonly about: string;
  readonly options: readonly Option[];
  /** How many positional arguments it takes. */
  readonly most: number;
}

/** What every command takes. */
export const GLOBAL_OPTIONS: readonly Option[] = [
  {
    key: "verbose",
    kind: { type: "count", min: 0, max: 255 },
    flag: { long: "verbose", short: "v" },
    help: "Increase log verbosity (repeatable)",
  },
  {
    key: "quiet",
    kind: { type: "count", min: 0, max: 255 },
    flag: { long: "quiet", short: "q" },
    help: "Decrease log verbosity (repeatable, conflicts with --verbose)",
  },
];

/** One meaning, whichever command takes it; what differs is in the commands' own descriptions. */
const NO_PASSPHRASE: Option = {
  key: "no_passphrase",
  kind: { type: "switch" },
  flag: { long: "no-passphrase", short: "n" },
  help: "Store the private key without a passphrase",
};
const PASSPHRASE_STDIN: Option = {
  key: "passphrase_stdin",
  kind: { type: "switch" },
  flag: { long: "passphrase-stdin" },
  help: "Take the passphrase from the first line of standard input",
};
const OUTPUT_PATH: Option = {
  key: "output_path",
  kind: { type: "path" },
  flag: { long: "output-path", short: "o", placeholder: "PATH" },
  help: "Path of the private key (without it ~/.mp/id_ed25519); the public key goes to PATH.pub",
};
const FORCE: Option = {
  key: "force",
  kind: { type: "switch" },
  flag: { long: "force", short: "f" },
  help: "Replace existing key files",
};
const SERVER: Option = {
  key: "server",
  kind: { type: "switch" },
  flag: { long: "server" },
  help: "Make the host key of mps: ~/.mp/mps_host_ed25519_key, without a passphrase",
};
const COMMENT: Option = {
  key: "comment",
  kind: { type: "text" },
  flag: { long: "comment", short: "C", placeholder: "TEXT" },
  help: "Comment of the public key (without it user@host, or that of the key that is imported)",
};

/** The commands, in the order of `--help`. */
export const COMMANDS: Readonly<Record<CommandName, Command>> = {
  generate: {
    usage: "mp-keygen generate [OPTIONS]",
    about: "Makes an ed25519 key pair; asks for a path and a passphrase where no option says them.",
    most: 0,
    options: [NO_PASSPHRASE, PASSPHRASE_STDIN, OUTPUT_PATH, FORCE, SERVER, COMMENT],
  },
  fingerprint: {
    usage: "mp-keygen fingerprint [PUBLIC_KEY_FILE]",
    about:
      "Displays the SHA-256 fingerprint of each key in a public key file (without one ~/.mp/id_ed25519.pub), an authorized_keys or a known_hosts file, or standard input (-); with -v the randomart images too.",
    most: 1,
    options: [],
  },
  verify: {
    usage: "mp-keygen verify [--randomart] <FINGERPRINT|IMAGE> [PUBLIC_KEY_FILE]",
    about:
      "Verifies that a fingerprint or a randomart image is that of a public key file (without one ~/.mp/id_ed25519.pub). Exit status: 0 it is, 1 it is not, 2 that could not be found out.",
    most: 2,
    options: [
      {
        key: "randomart",
        kind: { type: "switch" },
        flag: { long: "randomart" },
        help: "Verify a randomart image in place of a fingerprint",
      },
    ],
  },
  passwd: {
    usage: "mp-keygen passwd [OPTIONS] [PRIVATE_KEY_FILE]",
    about:
      "Changes the passphrase of a private key (without a file ~/.mp/id_ed25519), gives it one, or with -n takes it away. With --passphrase-stdin the old one, if there is one, and the new one are two lines of standard input.",
    most: 1,
    options: [NO_PASSPHRASE, PASSPHRASE_STDIN],
  },
  import: {
    usage: "mp-keygen import [OPTIONS] <OPENSSH_KEY_FILE>",
    about:
      "Makes a moshpit key pair of an ed25519 private key of OpenSSH. It keeps its passphrase, or with -n or --server has none.",
    most: 1,
    options: [NO_PASSPHRASE, PASSPHRASE_STDIN, OUTPUT_PATH, FORCE, SERVER, COMMENT],
  },
  export: {
    usage: "mp-keygen export [KEY_FILE]",
    about:
      "Prints the line for authorized_keys of a key file, private or public (without one ~/.mp/id_ed25519). Needs no passphrase.",
    most: 1,
    options: [],
  },
};

/** Every flag of every command, each once, for the parser. */
export const ALL_OPTIONS: readonly Option[] = [
  ...new Set([...GLOBAL_OPTIONS, ...Object.values(COMMANDS).flatMap((command) => command.options)]),
];

/** The last paragraph of the help. */
export const EXIT_STATUS =
  "Exit status: 0 done, or what verify looked for is so; 1 not done, or not so; 2 a wrong option or argument, and for verify also a file that can not be used; 130 cancelled at a question.";

/** Whether a command has the flag with this key. */
export function takes(command: CommandName, key: string): boolean {
  return [...GLOBAL_OPTIONS, ...COMMANDS[command].options].some((option) => option.key === key);
}

export function isCommand(text: string): text is CommandName {
  return Object.hasOwn(COMMANDS, text);
}

/** What `-h` prints, for all or one command. */
export function keygenHelp(name: CommandName | undefined): string {
  if (name === undefined) {
    const commands = Object.entries(COMMANDS).map(([each, { about }]) => [each, about] as const);
    return [
      "Makes and inspects the keys of moshpit.",
      "Usage: mp-keygen [OPTIONS] <COMMAND>",
      helpSection("Commands", commands),
      helpSection("Options", flagEntries(GLOBAL_OPTIONS)),
      EXIT_STATUS,
      "mp-keygen <COMMAND> --help says more of one.\n",
    ].join("\n\n");
  }
  const { usage, about, options } = COMMANDS[name];
  const flags = helpSection("Options", flagEntries([...options, ...GLOBAL_OPTIONS]));
  return `${about}\n\nUsage: ${usage}\n\n${flags}\n`;
}
