import { parseArgs } from "node:util";
import type { LevelNumber, RoleName } from "./run/case.js";

export interface Arguments {
  readonly roles: readonly RoleName[];
  readonly levels: readonly LevelNumber[];
  /** Parts of case ids, any of which selects; empty: all. */
  readonly cases: readonly string[];
  readonly seed: number;
  readonly jobs: number;
  readonly report: string | undefined;
  /** A file that lists the ids of cases that are known to fail. */
  readonly expected: string | undefined;
  /** Milliseconds until a silent testee is killed. */
  readonly patience: number;
  readonly list: boolean;
  readonly help: boolean;
  /** Empty: this project's own. */
  readonly testee: readonly string[];
}

/** The command line is wrong; the message is one line for the person. */
export class ArgumentError extends Error {
  override readonly name = "ArgumentError";
}

export const USAGE = `usage: conformance [options] [--] [testee [argument …]]

Runs the conformance suite against a program that speaks the testee protocol (spec/13-conformance.md), or against this
project's own machines if no testee is named.

  --role client|server   only cases of this role, and those without one
  --level 0|1|2          only cases of this level; may be repeated
  --case TEXT            only cases whose id contains TEXT; may be repeated
  --seed N               what is drawn at random follows from N (default 1)
  --jobs N               testees side by side (default 2)
  --expected FILE        ids of cases that are known to fail, one a line; # begins a comment
  --report DIR           writes results.json, junit.xml and index.html
  --patience MS          a testee that is silent for so long is killed (default 10000)
  --list                 prints the cases and runs nothing
  --help                 prints this

Exit status: 0 all is well, 1 there are failures, 2 the testee did not start or the command line is wrong.
`;

const OPTIONS = {
  role: { type: "string" },
  level: { type: "string", multiple: true },
  case: { type: "string", multiple: true },
  seed: { type: "string" },
  jobs: { type: "string" },
  expected: { type: "string" },
  report: { type: "string" },
  patience: { type: "string" },
  list: { type: "boolean" },
  help: { type: "boolean" },
} as const;

/** The suite's own options come first; what follows them, or `--`, is the testee's. Throws `ArgumentError`. */
export function parseArguments(args: readonly string[]): Arguments {
  // npm takes a leading `--` away, pnpm passes it on.
  const all = args[0] === "--" ? args.slice(1) : [...args];
  const at = ownEnd(all);
  const values = parseOwn(all.slice(0, at));
  const testee = all[at] === "--" ? all.slice(at + 1) : all.slice(at);
  return {
    roles: roles(values.role),
    levels: (values.level ?? ["0", "1", "2"]).map(level),
    cases: values.case ?? [],
    seed: integer("--seed", values.seed, 1, 0, 2 ** 32 - 1),
    jobs: integer("--jobs", values.jobs, 2, 1, 64),
    report: values.report,
    expected: values.expected,
    patience: integer("--patience", values.patience, 10_000, 10, 3_600_000),
    list: values.list ?? false,
    help: values.help ?? false,
    testee,
  };
}

/** Where the suite's own options end: at `--`, or at the first word that is neither an option nor its value. */
function ownEnd(args: readonly string[]): number {
  const { tokens } = parseArgs({ args: [...args], options: OPTIONS, strict: false, tokens: true });
  const end = tokens.find(({ kind }) => kind === "positional" || kind === "option-terminator");
  return end?.index ?? args.length;
}

function parseOwn(args: readonly string[]): {
  [Name in keyof typeof OPTIONS]?: (typeof OPTIONS)[Name] extends { type: "boolean" }
    ? boolean
    : (typeof OPTIONS)[Name] extends { multiple: true }
      ? string[]
      : string;
} {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new ArgumentError(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
  }
}

function roles(text: string | undefined): readonly RoleName[] {
  if (text === undefined) return ["client", "server"];
  if (text === "client" || text === "server") return [text];
  throw new ArgumentError(`--role is client or server, not ${text}`);
}

function level(text: string): LevelNumber {
  const number = Number(text.replace(/^L/i, ""));
  if (number === 0 || number === 1 || number === 2) return number;
  throw new ArgumentError(`--level is 0, 1 or 2, not ${text}`);
}

function integer(
  name: string,
  text: string | undefined,
  otherwise: number,
  low: number,
  high: number,
): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= low && value <= high) return value;
  throw new ArgumentError(`${name} is a number from ${low} to ${high}, not ${text}`);
}
