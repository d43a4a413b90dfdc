import { flagEntries, helpSection, type Option } from "libmoshpit-node/config";

/** What mp-keygen can do. */
export type CommandName = "generate" | "fingerprint" | "verify";

interface Command {
  readonly usage: string;
  readonly about: string;
  readonly options: readonly Option[];
  readonly most: number;
}

const GLOBAL_OPTIONS: readonly Option[] = [
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

/** The commands; `most` is how many positional arguments one takes. */
export const COMMANDS: Readonly<Record<CommandName, Command>> = {
  generate: {
    usage: "mp-keygen generate [OPTIONS]",
    about: "Makes an ed25519 key pair; asks for a path and a passphrase where no option says them.",
    most: 0,
    options: [
      {
        key: "no_passphrase",
        kind: { type: "switch" },
        flag: { long: "no-passphrase", short: "n" },
        help: "Store the private key without a passphrase",
      },
      {
        key: "passphrase_stdin",
        kind: { type: "switch" },
        flag: { long: "passphrase-stdin" },
        help: "Take the passphrase from the first line of standard input",
      },
      {
        key: "output_path",
        kind: { type: "path" },
        flag: { long: "output-path", short: "o", placeholder: "PATH" },
        help: "Path of the private key (without it ~/.mp/id_ed25519); the public key goes to PATH.pub",
      },
      {
        key: "force",
        kind: { type: "switch" },
        flag: { long: "force", short: "f" },
        help: "Replace existing key files",
      },
      {
        key: "server",
        kind: { type: "switch" },
        flag: { long: "server" },
        help: "Make the host key of mps: ~/.mp/mps_host_ed25519_key, without a passphrase",
      },
      {
        key: "comment",
        kind: { type: "text" },
        flag: { long: "comment", short: "C", placeholder: "TEXT" },
        help: "Comment of the public key (without it user@host)",
      },
    ],
  },
  fingerprint: {
    usage: "mp-keygen fingerprint [PUBLIC_KEY_FILE]",
    about:
      "Displays the SHA-256 fingerprint of a public key file (without one ~/.mp/id_ed25519.pub); with -v its randomart image too.",
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
};

/** Every flag of every command, for the parser. */
export const ALL_OPTIONS: readonly Option[] = [
  ...GLOBAL_OPTIONS,
  ...Object.values(COMMANDS).flatMap((command) => command.options),
];

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
      "mp-keygen <COMMAND> --help says more of one.\n",
    ].join("\n\n");
  }
  const { usage, about, options } = COMMANDS[name];
  const flags = helpSection("Options", flagEntries([...options, ...GLOBAL_OPTIONS]));
  return `${about}\n\nUsage: ${usage}\n\n${flags}\n`;
}
