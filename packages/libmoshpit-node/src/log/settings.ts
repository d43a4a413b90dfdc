/** From the fewest messages to the most. */
export const LOG_LEVELS = ["error", "warn", "info", "debug", "trace"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** One part of `directives`: the level for a target and all below it, or, without a target, for everything. */
export interface LogDirective {
  readonly target: string | undefined;
  readonly level: LogLevel | "off";
}

/** What a line of one layer shows (`[tracing.stdout]`, `[tracing.file.layer]`). */
export interface LogLayer {
  readonly withTarget: boolean;
  /** The process id and the thread within it: `4711/0`. */
  readonly withThreadIds: boolean;
  /** The process's role: `client`, `listener`, `host`. */
  readonly withThreadNames: boolean;
  /** File and line of the TypeScript that logged. */
  readonly withLineNumber: boolean;
  readonly withLevel: boolean;
  readonly directives: readonly LogDirective[];
}

/** All that `openLog` needs to know; the configuration makes it. */
export interface LogSettings {
  /** verbose − quiet: steps above (or below) INFO, for both layers. */
  readonly verbosity: number;
  /** Standard error. */
  readonly stdout: { readonly enabled: boolean; readonly layer: LogLayer };
  readonly file: {
    readonly path: string;
    /** The file's own verbose − quiet, added to the common one. */
    readonly verbosity: number;
    readonly layer: LogLayer;
  };
}

/** INFO plus `verbosity` steps, within ERROR…TRACE. */
export function levelFor(verbosity: number): LogLevel {
  const index = LOG_LEVELS.indexOf("info") + verbosity;
  return LOG_LEVELS[Math.min(Math.max(index, 0), LOG_LEVELS.length - 1)] ?? "info";
}

/** Whether a message at `level` is written where `limit` is the last level that is. */
export function isWithin(level: LogLevel, limit: LogLevel | "off"): boolean {
  return limit !== "off" && LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(limit);
}

/** The limit that lets most through. */
export function highest(limits: readonly (LogLevel | "off")[]): LogLevel | "off" {
  return LOG_LEVELS.findLast((level) => limits.includes(level)) ?? "off";
}
