import { cpus, loadavg, release, totalmem } from "node:os";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** How much is measured. */
export interface Scope {
  /** How many times each thing is done. */
  readonly runs: number;
  /** Only what needs no network of its own. */
  readonly loopback: boolean;
  /** Takes an hour where minutes stand for one. */
  readonly long: boolean;
}

/** One measured goal: a figure, what it may be at most, and against what. */
export interface Goal {
  readonly text: string;
  readonly value: number;
  readonly limit: number;
  /** Stands in where the machine is slower than the one that the limit was set on. */
  readonly ratios?: readonly { readonly of: string; readonly value: number; readonly limit: number }[];
}

/** What a bench found. */
export interface Report {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly goals: readonly Goal[];
}

/** The machine and the versions that a figure holds for. */
export function machineFacts(): string {
  const version = (command: string, ...args: string[]): string => {
    try {
      const run = execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
      return run.split("\n")[0] ?? "";
    } catch {
      return `no ${command}`;
    }
  };
  const processor = cpus();
  return [
    `${processor.length} × ${processor[0]?.model ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}; load average ${loadavg()[0]?.toFixed(1) ?? "unknown"} before${precedence()}`,
    `node ${process.version}; ${version("mosh", "--version")}; ${version("sh", "-c", "ssh -V 2>&1")}`,
  ].join("\n");
}

/** Where what is measured goes before what else the machine does: `chrt --rr 1 pnpm bench …`. */
function precedence(): string {
  // proc_pid_stat(5), after the command's name: the scheduling policy is field 41.
  const fields = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return fields[41 - 3] === "0" ? "" : ", all under real-time scheduling";
}

/** For a terminal: the title, and what `renderBody` makes. */
export function render(report: Report): string {
  return [`## ${report.title}`, "", ...renderBody(report), ""].join("\n");
}

/** An aligned text table, goals below; a line each. */
export function renderBody(report: Report): string[] {
  const lines = [report.columns.map(String), ...report.rows.map((row) => row.map(cell))];
  const widths = report.columns.map((_, i) => Math.max(...lines.map((line) => (line[i] ?? "").length)));
  const table = lines.map((line) =>
    line.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join("  "),
  );
  const goals = report.goals.map(
    (goal) =>
      `${met(goal) ? "met   " : "MISSED"} ${goal.text}: ${cell(goal.value)} (at most ${cell(goal.limit)})${beside(goal)}`,
  );
  return [...table, ...(goals.length > 0 ? ["", ...goals] : [])];
}

/**
 * Whether a goal is met, its limit taken `slack` times: by the figure itself, or by one of its ratios to others'
 * in the same run. A figure that could not be measured meets none.
 */
export function met({ value, limit, ratios = [] }: Goal, slack = 1): boolean {
  return [{ value, limit }, ...ratios].some((each) => each.value <= each.limit * slack);
}

function beside({ ratios = [] }: Goal): string {
  return ratios
    .map(({ of, value, limit }) => `, or of ${of}: ${cell(value)} (at most ${cell(limit)})`)
    .join("");
}

function cell(value: string | number): string {
  if (typeof value === "string") return value;
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "–" : "never";
  return value.toFixed(value < 10 ? 2 : 0);
}
