import type { Testee } from "../testee/testee.js";

export type RoleName = "client" | "server";
export type LevelNumber = 0 | 1 | 2;

/** One case of the suite, as its author writes it. */
export interface CaseDefinition {
  /** `area/what`, in lower case; stable. Of a case of one role, `@client` or `@server` is appended. */
  readonly name: string;
  readonly level: LevelNumber;
  /** The ids of spec/ that it judges; the first is what a failure is laid to, if the check names no other. */
  readonly requirements: readonly [string, ...string[]];
  /** One line: what is done, and what has to follow. */
  readonly about: string;
  /** Runs once for each; absent: without endpoints. */
  readonly roles?: readonly RoleName[];
  /** Without one of these in the testee's hello, the case is skipped. */
  readonly features?: readonly string[];
  /** Resolves where the testee did as it must; throws `CaseFailure` otherwise. */
  readonly run: (context: CaseContext) => Promise<void>;
}

/** What a case works with. */
export interface CaseContext {
  readonly testee: Testee;
  /** The testee's; "client" where the case has none. */
  readonly role: RoleName;
  /** Of the run: what a case draws at random follows from it. */
  readonly seed: number;
  /** What happened, one line each, for whoever reads the report. */
  readonly log: string[];
}

/** A case for one role. */
export interface Case {
  readonly id: string;
  readonly definition: CaseDefinition;
  readonly role: RoleName | undefined;
}

/** The testee did what it must not, or did not what it must. */
export class CaseFailure extends Error {
  override readonly name = "CaseFailure";
  /** Undefined: what the case lists first. */
  readonly requirement: string | undefined;

  constructor(requirement: string | undefined, text: string) {
    super(text);
    this.requirement = requirement;
  }
}

/** Throws `CaseFailure` unless the condition holds. */
export function must(
  condition: boolean,
  requirement: string | undefined,
  text: string | (() => string),
): asserts condition {
  if (!condition) throw new CaseFailure(requirement, typeof text === "string" ? text : text());
}

/** Definitions as cases, one for each role. */
export function casesOf(definitions: readonly CaseDefinition[]): Case[] {
  return definitions.flatMap((definition): Case[] => {
    const id = `l${definition.level}/${definition.name}`;
    if (definition.roles === undefined) return [{ id, definition, role: undefined }];
    return definition.roles.map((role) => ({ id: `${id}@${role}`, definition, role }));
  });
}
