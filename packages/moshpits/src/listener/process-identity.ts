import { readFileSync } from "node:fs";

/** A process that will not be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly processId: number;
  /** When it started, as the system counts; empty where that can not be known. */
  readonly startedAt: string;
}

/** Of a process that this one has started and not yet waited for. */
export function identityOfProcess(processId: number): ProcessIdentity {
  return { processId, startedAt: startOf(processId) ?? "" };
}

/** Whether that very process runs. Where the system does not tell processes apart by their start, any of that number. */
export function isRunning({ processId, startedAt }: ProcessIdentity): boolean {
  if (startedAt !== "") return startOf(processId) === startedAt;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Ends it by SIGKILL; false where it can not be told from another, or is gone. */
export function killProcess(identity: ProcessIdentity): boolean {
  if (identity.startedAt === "" || !isRunning(identity)) return false;
  process.kill(identity.processId, "SIGKILL");
  return true;
}

/** Clock ticks from the system's start to the process's; undefined for one that is gone, zombies included. */
function startOf(processId: number): string | undefined {
  try {
    // The name stands in parentheses and may hold anything: the fields are counted from its end.
    const [state, ...fields] = readFileSync(`/proc/${processId}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    return state === "Z" || state === "X" ? undefined : fields[START_FIELD];
  } catch {
    return undefined;
  }
}

/** Field 22 of proc(5)'s stat, counted from the one after the state. */
const START_FIELD = 18;
