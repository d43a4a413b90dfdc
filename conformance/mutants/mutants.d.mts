/** One place of libmoshpit's sources, and what becomes of it. */
export interface Patch {
  readonly find: string;
  readonly replace: string;
}

/** The reference with one fault. */
export interface Mutant {
  readonly name: string;
  readonly about: string;
  readonly patches: readonly Patch[];
  /** Cases that have to fail against it. */
  readonly killedBy: readonly string[];
}

/** A program that speaks the testee protocol and does not try. */
export interface NullTestee {
  readonly name: string;
  readonly about: string;
  /** What has to become of its cases; absent: fail. */
  readonly verdict?: string;
  /** Milliseconds until it is killed; absent: 5000. */
  readonly patience?: number;
  /** Absent: all. */
  readonly cases?: readonly string[] | undefined;
}

export declare const MUTANTS: readonly Mutant[];
export declare const NULL_TESTEES: readonly NullTestee[];
