import { parseCommandLine, VERSION, type CommandLine } from "libmoshpit-node/config";
import { AskingCancelled, KeyFileError } from "libmoshpit-node/keys";
import { publicLine } from "./export.js";
import { listFingerprints, STANDARD_INPUT } from "./fingerprints.js";
import { generate, type GenerateRequest } from "./generate.js";
import { importKey } from "./import.js";
import { changePassphrase } from "./passwd.js";
import { ALL_OPTIONS, COMMANDS, isCommand, keygenHelp, takes, type CommandName } from "./program.js";
import type { Reporter } from "./save.js";
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
  const [first, second] = [...line.positionals.slice(1), ...(line.rest ?? [])];
  const reporter = reporterFor(line, world);
  switch (name) {
    case "generate":
      await generate({ ...newKeyFlags(line), ...reporter }, world);
      return DONE;
    case "fingerprint": {
      const path = first === STANDARD_INPUT ? first : keyFile(first, PUBLIC_KEY, world);
      const images = line.given.has("verbose");
      const warn = (text: string): void => world.err(`mp-keygen: ${text}\n`);
      return print(world, await listFingerprints(path, images, world, warn));
    }
    case "verify":
      return await verify(line, [first, second], world);
    case "passwd":
      await changePassphrase(
        { ...newKeyFlags(line), ...reporter, path: keyFile(first, PRIVATE_KEY, world) },
        world,
      );
      return DONE;
    case "import":
      if (first === undefined) throw new Misuse(`nothing to import: ${COMMANDS.import.usage}`);
      await importKey({ ...newKeyFlags(line), ...reporter, source: pathOf(first, world) }, world);
      return DONE;
    case "export":
      return print(world, await publicLine(keyFile(first, PRIVATE_KEY, world)));
  }
}

const PRIVATE_KEY = "~/.mp/id_ed25519";
const PUBLIC_KEY = `${PRIVATE_KEY}.pub`;

async function verify(
  line: CommandLine,
  [claim, file]: readonly (string | undefined)[],
  world: Surroundings,
): Promise<number> {
  if (claim === undefined) throw new Misuse(`nothing to verify: ${COMMANDS.verify.usage}`);
  const path = keyFile(file, PUBLIC_KEY, world);
  const check = line.given.has("randomart") ? verifyRandomart : verifyFingerprint;
  const matches = await check(claim, path);
  const { report } = reporterFor(line, world);
  report(matches ? `match: this is the key in ${path}\n` : `no match: the key in ${path} is another\n`);
  return matches ? DONE : NO_MATCH;
}

function reporterFor(line: CommandLine, world: Surroundings): Reporter {
  const verbose = line.given.has("verbose");
  const quiet = line.given.has("quiet");
  return {
    report: (text) => (quiet ? undefined : world.out(text)),
    detail: (text) => (verbose ? world.err(`mp-keygen: ${text}\n`) : undefined),
  };
}

function newKeyFlags(line: CommandLine): Omit<GenerateRequest, keyof Reporter> {
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

function keyFile(text: string | undefined, fallback: string, world: Surroundings): string {
  return pathOf(text ?? fallback, world);
}

function print(world: Surroundings, text: string): number {
  world.out(text);
  return DONE;
}
