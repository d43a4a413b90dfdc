import { parseCommandLine, VERSION, type CommandLine } from "libmoshpit-node/config";
import {
  AskingCancelled,
  fingerprint,
  KeyFileError,
  randomart,
  readPublicKeyFile,
} from "libmoshpit-node/keys";
import { generate } from "./generate.js";
import { ALL_OPTIONS, COMMANDS, isCommand, keygenHelp, takes, type CommandName } from "./program.js";
import { Misuse, pathOf, processSurroundings, type Surroundings } from "./surroundings.js";
import { verifyFingerprint, verifyRandomart } from "./verify.js";

const DONE = 0;
const FAILED = 1;
const NO_MATCH = 1;
const MISUSE = 2;
/** As a shell counts an end by SIGINT. */
const CANCELLED = 130;

/** Runs mp-keygen with the arguments after its name and answers the exit status. */
export async function runKeygen(
  argv: readonly string[],
  world: Surroundings = processSurroundings(),
): Promise<number> {
  const line = parseCommandLine(ALL_OPTIONS, argv);
  const [name] = line.positionals;
  try {
    if (line.help) return print(world, keygenHelp(name !== undefined && isCommand(name) ? name : undefined));
    if (line.version) return print(world, `mp-keygen ${VERSION}\n`);
    return await runCommand(checkedCommand(line), line, world);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    world.err(`mp-keygen: ${error.message}\n`);
    if (error instanceof AskingCancelled) return CANCELLED;
    if (error instanceof Misuse || (error instanceof KeyFileError && name === "verify")) return MISUSE;
    if (error instanceof KeyFileError) return FAILED;
    throw error;
  }
}

function checkedCommand(line: CommandLine): CommandName {
  const [name, ...operands] = line.positionals;
  if (line.problem !== undefined) throw new Misuse(`${line.problem}: see mp-keygen --help`);
  if (line.given.has("verbose") && line.given.has("quiet")) {
    throw new Misuse("--verbose and --quiet exclude each other");
  }
  const names = Object.keys(COMMANDS).join(", ");
  if (name === undefined) throw new Misuse(`no command, one of ${names}: see mp-keygen --help`);
  if (!isCommand(name))
    throw new Misuse(`no command ${JSON.stringify(name)}, only ${names}: see mp-keygen --help`);
  const [foreign] = [...line.given].filter(([key]) => !takes(name, key)).map(([, flag]) => flag.name);
  if (foreign !== undefined) throw new Misuse(`${name} has no ${foreign}: see mp-keygen ${name} --help`);
  const surplus = [...operands, ...(line.rest ?? [])][COMMANDS[name].most];
  if (surplus !== undefined)
    throw new Misuse(`unexpected argument ${JSON.stringify(surplus)}: ${COMMANDS[name].usage}`);
  return name;
}

async function runCommand(name: CommandName, line: CommandLine, world: Surroundings): Promise<number> {
  const verbose = line.given.has("verbose");
  const quiet = line.given.has("quiet");
  const report = (text: string): void => (quiet ? undefined : world.out(text));
  const detail = (text: string): void => (verbose ? world.err(`mp-keygen: ${text}\n`) : undefined);
  const [first, second] = [...line.positionals.slice(1), ...(line.rest ?? [])];
  switch (name) {
    case "generate":
      await generate({ ...generateFlags(line), report, detail }, world);
      return DONE;
    case "fingerprint": {
      const { publicKey, comment } = await readPublicKeyFile(keyFile(first, world));
      const image = verbose ? `${randomart(publicKey)}\n` : "";
      return print(world, `${`${fingerprint(publicKey)} ${comment}`.trim()}\n${image}`);
    }
    case "verify": {
      if (first === undefined) throw new Misuse(`nothing to verify: ${COMMANDS.verify.usage}`);
      const path = keyFile(second, world);
      const verify = line.given.has("randomart") ? verifyRandomart : verifyFingerprint;
      const matches = await verify(first, path);
      report(matches ? `match: this is the key in ${path}\n` : `no match: the key in ${path} is another\n`);
      return matches ? DONE : NO_MATCH;
    }
  }
}

function generateFlags(line: CommandLine): Omit<Parameters<typeof generate>[0], "report" | "detail"> {
  const text = (key: string): string | undefined => {
    const value = line.given.get(key)?.value;
    return typeof value === "string" ? value : undefined;
  };
  return {
    outputPath: text("output_path"),
    noPassphrase: line.given.has("no_passphrase"),
    passphraseStdin: line.given.has("passphrase_stdin"),
    force: line.given.has("force"),
    server: line.given.has("server"),
    comment: text("comment"),
  };
}

function keyFile(text: string | undefined, world: Surroundings): string {
  return pathOf(text ?? "~/.mp/id_ed25519.pub", world);
}

function print(world: Surroundings, text: string): number {
  world.out(text);
  return DONE;
}
