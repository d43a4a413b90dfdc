export { loginEnvironment, type ForwardedVariable, type SessionFacts } from "./environment.js";
export { openPipes } from "./pipes.js";
export type {
  ProgramExit,
  ProgramHandlers,
  ProgramSpec,
  RunningProgram,
  TerminalProgram,
} from "./program.js";
export { openPty, preparePty, type TerminalSpec } from "./terminal.js";
