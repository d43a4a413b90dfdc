import type { LogLayer, LogLevel } from "./settings.js";

/** Which process logs. */
export interface LogOrigin {
  /** Its role: `client`, `listener`, `host`. */
  readonly role: string;
  readonly processId: number;
  /** Of the thread within the process; the main one is 0. */
  readonly workerId: number;
}

/** One thing that happened. */
export interface LogRecord {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly level: LogLevel;
  /** `moshpits::listener`: the part of the program. */
  readonly target: string;
  readonly message: string;
  /** `listener/accept.ts:88`; only where a layer shows it. */
  readonly where?: string;
  /** Another process than the one that writes the log. */
  readonly origin?: LogOrigin;
}

/**
 * One line, newline included: `2026-01-31T12:00:00.000Z  WARN listener 4711/0 moshpits::tcp: listener/tcp.ts:88: message`,
 * as far as the layer shows the parts. What a stranger may have put into a message can neither begin a line of its own
 * nor reach a terminal as a command.
 */
export function formatLine(layer: LogLayer, own: LogOrigin, record: LogRecord): string {
  const origin = record.origin ?? own;
  const parts = [new Date(record.time).toISOString()];
  if (layer.withLevel) parts.push(record.level.toUpperCase().padStart(5));
  if (layer.withThreadNames) parts.push(origin.role);
  if (layer.withThreadIds) parts.push(`${origin.processId}/${origin.workerId}`);
  if (layer.withTarget) parts.push(`${record.target}:`);
  if (layer.withLineNumber && record.where !== undefined) parts.push(`${record.where}:`);
  parts.push(printable(record.message));
  return `${parts.join(" ")}\n`;
}

const LONGEST_MESSAGE = 8_192;

function printable(message: string): string {
  const text = message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message;
  return text.replace(UNPRINTABLE, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

/** C0 (a tab aside), DEL, C1, line and paragraph separators, and what turns the direction of writing. */
const UNPRINTABLE = /[\0-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
