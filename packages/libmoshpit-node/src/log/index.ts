export { parseDirectives } from "./directives.js";
export type { LogRecord } from "./format.js";
export type { Log } from "./log.js";
export { forwardingLog, openLog, type LogOwner } from "./open.js";
export {
  LOG_LEVELS,
  levelFor,
  type LogDirective,
  type LogLayer,
  type LogLevel,
  type LogSettings,
} from "./settings.js";
