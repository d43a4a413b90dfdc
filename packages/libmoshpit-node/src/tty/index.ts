export * from "./ask.js";
export { writesUnderWay } from "./blocking-output.js";
export { adoptForeignTerminal, withoutWaiting } from "./foreign-terminal.js";
export * from "./guard.js";
export { inBackgroundOf } from "./job.js";
export * from "./modes.js";
export * from "./output.js";
export * from "./raw-mode.js";
export * from "./size.js";
