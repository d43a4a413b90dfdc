export { parseDirectives } from "./directives.js";
export type { LogOrigin, LogRecord } from "./format.js";
export type { ForwardedRecord, Log } from "./log.js";
export { forwardingLog, openLog, type LogOwner } from "./open.js";
export {
  LOG_LEVELS,
  levelFor,
  type LogDirective,
  type LogLayer,
  type LogLevel,
  type LogSettings,
} from "./settings.js";
