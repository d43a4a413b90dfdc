import { threadId } from "node:worker_threads";
import { CappedFile } from "./capped-file.js";
import { levelOf } from "./directives.js";
import { formatLine, type LogOrigin, type LogRecord } from "./format.js";
import type { Log } from "./log.js";
import { Logger, type LogCore } from "./logger.js";
import { PinoSink, type LogOutput } from "./pino-sink.js";
import { highest, isWithin, levelFor, type LogLayer, type LogLevel, type LogSettings } from "./settings.js";
import { TerminalOutput } from "./terminal-output.js";

/** Who logs. */
export interface LogOwner {
  /** The program: `moshpit`, `moshpits`; the root of its targets. */
  readonly target: string;
  /** The process's role: `client`, `listener`, `host`. */
  readonly role: string;
  /** For tests; without it that of the process. */
  readonly writeError?: (text: string) => void;
}

/**
 * Opens the log that the settings describe. The file is made with the first line for it; if it can not be written, that
 * is said once on standard error and the program goes on. Returns at once; the library behind it is loaded later.
 */
export function openLog(settings: LogSettings, owner: LogOwner): Log {
  const origin: LogOrigin = {
    role: owner.role,
    processId: process.pid,
    workerId: threadId,
  };
  const writeError = owner.writeError ?? ((text: string) => void process.stderr.write(text));
  const file = new CappedFile(settings.file.path, (text) => writeError(`${commandOf(owner)}: ${text}\n`));
  const terminal = new TerminalOutput(writeError);
  const layers: Layer[] = [
    {
      layer: settings.file.layer,
      base: levelFor(settings.verbosity + settings.file.verbosity),
      write: (line) => file.write(line),
    },
  ];
  if (settings.stdout.enabled) {
    const base = levelFor(settings.verbosity);
    layers.push({ layer: settings.stdout.layer, base, write: (line) => terminal.write(line) });
  }
  const outputs = layers.map(({ layer, base, write }): LogOutput => (record) => {
    if (isWithin(record.level, levelOf(layer.directives, record.target, base))) {
      write(formatLine(layer, origin, record));
    }
  });
  const sink = new PinoSink(outputs);
  const core: LogCore = {
    levelFor: (target) => highest(layers.map(({ layer, base }) => levelOf(layer.directives, target, base))),
    wantsLocation: layers.some(({ layer }) => layer.withLineNumber),
    emit: (record) => sink.write(record),
    setRaw: (raw) => terminal.setRaw(raw),
    flush: () => sink.flush(),
    async close() {
      await sink.flush();
      file.close();
    },
  };
  return new Logger(core, owner.target);
}

/** A log whose records another process writes: a session host's, over its link to the listener. */
export function forwardingLog(options: {
  readonly target: string;
  readonly level: LogLevel;
  readonly send: (record: LogRecord) => void;
}): Log {
  const core: LogCore = {
    levelFor: () => options.level,
    // Whoever writes the records decides what is shown of them.
    wantsLocation: true,
    emit: options.send,
    setRaw: () => undefined,
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  return new Logger(core, options.target);
}

/** What people call the program. */
function commandOf({ target }: LogOwner): string {
  return (
    new Map([
      ["moshpit", "mp"],
      ["moshpits", "mps"],
    ]).get(target) ?? target
  );
}

interface Layer {
  readonly layer: LogLayer;
  readonly base: LogLevel;
  readonly write: (line: string) => void;
}
