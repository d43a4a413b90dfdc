import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * File and line of the TypeScript that called a function of this folder, as `packages/…/src/` has it
 * (`listener/accept.ts:88`). Takes some ten microseconds; only where a layer shows it.
 */
export function callerLocation(): string | undefined {
  const frames = (new Error().stack ?? "").split("\n").slice(1).map(parseFrame);
  const caller = frames
    .map((frame) => frame && original(frame))
    .find((frame) => frame && !OWN.test(frame.file));
  return caller && `${caller.file.replace(/^.*\/src\//, "")}:${caller.line}`;
}

interface Frame {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** This folder itself. */
const OWN = /libmoshpit-node\/(src|dist)\/log\/(?!.*\.test\.)/;

function parseFrame(text: string): Frame | undefined {
  const [, file, line, column] = /\(?((?:file:\/\/|\/)[^()]+):(\d+):(\d+)\)?$/.exec(text.trim()) ?? [];
  if (file === undefined) return undefined;
  const path = file.startsWith("file:") ? fileURLToPath(file) : file;
  return { file: path, line: Number(line), column: Number(column) };
}

const maps: Map<string, SourceMap | undefined> = new Map();

/** Through the map beside a bundle; a frame without one is what it says. */
function original(frame: Frame): Frame {
  if (!maps.has(frame.file)) maps.set(frame.file, readMap(`${frame.file}.map`));
  const entry = maps.get(frame.file)?.findEntry(frame.line - 1, frame.column - 1);
  if (entry === undefined || !("originalSource" in entry)) return frame;
  return { file: entry.originalSource, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
}

function readMap(path: string): SourceMap | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    // Not a bundle, or one installed without its map: the frame stands as it is.
    return undefined;
  }
  return new SourceMap(JSON.parse(text) as SourceMapPayload);
}
