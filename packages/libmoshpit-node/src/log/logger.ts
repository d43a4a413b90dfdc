import { FloodGate } from "./flood-gate.js";
import type { LogRecord } from "./format.js";
import { callerLocation } from "./location.js";
import type { ForwardedRecord, Log } from "./log.js";
import { isWithin, type LogLevel } from "./settings.js";

/** What all parts of one log share. */
export interface LogCore {
  /** The highest level that any output takes of this target. */
  levelFor(target: string): LogLevel | "off";
  readonly wantsLocation: boolean;
  emit(record: LogRecord): void;
  setRaw(raw: boolean): void;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** One part of a program's log. */
export class Logger implements Log {
  readonly #core: LogCore;
  readonly #target: string;
  readonly #level: LogLevel | "off";
  readonly #flood: Flood;
  /** Of every message; ends in a space, or is empty. */
  readonly #prefix: string;

  constructor(core: LogCore, target: string, flood: Flood = new Flood(), prefix = "") {
    this.#core = core;
    this.#target = target;
    this.#level = core.levelFor(target);
    this.#flood = flood;
    this.#prefix = prefix;
  }

  child(part: { readonly target: string }): Log {
    return new Logger(this.#core, `${this.#target}::${part.target}`, this.#flood, this.#prefix);
  }

  forSession(id: string): Log {
    return new Logger(this.#core, this.#target, this.#flood, `session=${id}: `);
  }

  error(message: string): void {
    this.write("error", message);
  }

  warn(message: string): void {
    this.write("warn", message);
  }

  info(message: string): void {
    this.write("info", message);
  }

  debug(message: string): void {
    this.write("debug", message);
  }

  trace(message: string): void {
    this.write("trace", message);
  }

  write(level: LogLevel, message: string): void {
    if (!this.isEnabled(level)) return;
    const text = this.#prefix + message;
    const record: LogRecord = { time: Date.now(), level, target: this.#target, message: text };
    const where = this.#core.wantsLocation ? callerLocation() : undefined;
    this.#core.emit(where === undefined ? record : { ...record, where });
  }

  writeForwarded({ level, message, where, origin }: ForwardedRecord): void {
    if (!this.isEnabled(level)) return;
    const record: LogRecord = { time: Date.now(), level, target: this.#target, message, origin };
    this.#core.emit(where === undefined ? record : { ...record, where });
  }

  warnLimited(key: string, message: string): void {
    this.#limited("warn", key, message);
  }

  infoLimited(key: string, message: string): void {
    this.#limited("info", key, message);
  }

  isEnabled(level: LogLevel): boolean {
    return isWithin(level, this.#level);
  }

  setRaw(raw: boolean): void {
    this.#core.setRaw(raw);
  }

  flush(): Promise<void> {
    return this.#core.flush();
  }

  close(): Promise<void> {
    this.#flood.close();
    return this.#core.close();
  }

  #limited(level: LogLevel, key: string, message: string): void {
    if (!this.isEnabled(level)) return;
    const passes = this.#flood.passes(`${this.#target} ${level} ${key}`, (held) =>
      this.write(level, `${held} more like this within a minute, the last: ${message}`),
    );
    if (passes) this.write(level, message);
  }
}

/** The flood gate with a clock, and a timer that keeps no process alive. */
class Flood {
  readonly #gate = new FloodGate();
  #timer: NodeJS.Timeout | undefined;

  passes(key: string, summarize: (held: number) => void): boolean {
    const passes = this.#gate.passes(performance.now(), key, summarize);
    this.#arm();
    return passes;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#gate.end(Infinity);
  }

  #arm(): void {
    const end = this.#gate.nextEnd();
    if (this.#timer !== undefined || end === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#gate.end(performance.now());
        this.#arm();
      },
      Math.max(0, end - performance.now()),
    ).unref();
  }
}
