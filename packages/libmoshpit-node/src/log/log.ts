import type { LogOrigin } from "./format.js";
import type { LogLevel } from "./settings.js";

/** What another process logged. */
export interface ForwardedRecord {
  readonly level: LogLevel;
  readonly message: string;
  /** Source file and line there; absent where it is not known. */
  readonly where?: string;
  readonly origin: LogOrigin;
}

/**
 * A program's log. Messages never hold a secret and never what was typed or printed in a session; what a peer chose
 * (a user name, an address) may stand in them as it is.
 */
export interface Log {
  /** The same log for a part of the program: `log.child({ target: "tcp" })` of `moshpits` is `moshpits::tcp`. */
  child(part: { readonly target: string }): Log;
  /** The same log for a session: each line begins with `session=<id>: `. */
  forSession(id: string): Log;
  error(message: string): void;
  warn(message: string): void;
  info(message: string): void;
  debug(message: string): void;
  trace(message: string): void;
  /** At a level that comes from elsewhere. */
  write(level: LogLevel, message: string): void;
  /** What another process logged; its role, process and line are shown in place of this one's. */
  writeForwarded(record: ForwardedRecord): void;
  /**
   * For what strangers can cause at will: of one `key` (the kind of event, not the stranger) five messages a minute are
   * written, the others counted.
   */
  warnLimited(key: string, message: string): void;
  infoLimited(key: string, message: string): void;
  /** Whether a message at this level would be written: to spare the making of it. */
  isEnabled(level: LogLevel): boolean;
  /** While the terminal is raw, lines for standard error are kept back (the last 200) and written afterwards. */
  setRaw(raw: boolean): void;
  /** Resolves when everything logged so far is written. */
  flush(): Promise<void>;
  /** Flushes and closes the file. */
  close(): Promise<void>;
}
