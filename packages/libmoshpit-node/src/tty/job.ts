import { fstatSync, readFileSync } from "node:fs";

/** What the system says of this process, its controlling terminal and its job. */
export interface Job {
  /** The device number of the controlling terminal; 0: there is none. */
  readonly terminal: number;
  /** Whether the terminal's input is this job's. */
  readonly foreground: boolean;
}

/** This process' job; undefined where the system has no `/proc`. */
export function currentJob(): Job | undefined {
  try {
    return parseJob(readFileSync("/proc/self/stat", "latin1"));
  } catch {
    // Not Linux, or /proc is not mounted: then nothing is known, which is an answer.
    return undefined;
  }
}

/** From the text of `/proc/PID/stat`; see proc_pid_stat(5). */
export function parseJob(stat: string): Job | undefined {
  // The name of the program stands in parentheses and may hold anything, parentheses included.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [group, terminal, foregroundGroup] = [fields[2], fields[4], fields[5]].map(Number);
  if (group === undefined || terminal === undefined || foregroundGroup === undefined) return undefined;
  if (![group, terminal, foregroundGroup].every(Number.isInteger)) return undefined;
  return { terminal, foreground: foregroundGroup === group };
}

/** Whether the descriptor is the controlling terminal. */
export function isControllingTerminal(fd: number, job: Job | undefined = currentJob()): boolean {
  return job !== undefined && job.terminal !== 0 && fstatSync(fd).rdev === job.terminal;
}

/** Whether the descriptor is the controlling terminal and another job has its input: who reads it is stopped. */
export function inBackgroundOf(fd: number): boolean {
  const job = currentJob();
  return job !== undefined && !job.foreground && isControllingTerminal(fd, job);
}
