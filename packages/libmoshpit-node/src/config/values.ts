import { resolve } from "node:path";
import type { Option, OptionValue } from "./option.js";
import type { TomlValue } from "./toml.js";

/** What a relative path and `~` mean. */
export interface PathContext {
  readonly cwd: string;
  readonly home: string;
}

/** A value of the option's kind, or what is wrong with the one given: "must be …, is …". */
export type Reading =
  | { readonly kind: "value"; readonly value: OptionValue; readonly warning?: string }
  | { readonly kind: "wrong"; readonly text: string };

/** Reads a flag's or an environment variable's text. */
export function readText(option: Option, text: string, paths: PathContext): Reading {
  switch (option.kind.type) {
    case "integer":
    case "count":
      return /^[+-]?\d{1,15}$/.test(text) ? inRange(option.kind, Number(text)) : wrong(option, quoted(text));
    case "switch":
      if (/^(true|yes|on|1)$/i.test(text)) return { kind: "value", value: true };
      if (/^(false|no|off|0)$/i.test(text)) return { kind: "value", value: false };
      return wrong(option, quoted(text));
    case "path":
      return expandPath(text, paths);
    case "text":
      return checked(option, option.kind.check, text);
    case "choice":
      return option.kind.values.includes(text) ? { kind: "value", value: text } : wrong(option, quoted(text));
  }
}

/** Reads a value of the configuration file; types must fit exactly. */
export function readToml(option: Option, value: TomlValue, paths: PathContext): Reading {
  switch (option.kind.type) {
    case "integer":
    case "count":
      return value.type === "integer" && Number.isSafeInteger(value.value)
        ? inRange(option.kind, value.value)
        : wrong(option, described(value));
    case "switch":
      return value.type === "boolean"
        ? { kind: "value", value: value.value }
        : wrong(option, described(value));
    case "path":
    case "text":
    case "choice":
      return value.type === "string" ? readText(option, value.value, paths) : wrong(option, described(value));
  }
}

/** Reads a number of repetitions or a bare switch. */
export function readRepetitions(option: Option, times: number): Reading {
  if (option.kind.type === "count") return inRange(option.kind, times);
  return { kind: "value", value: true };
}

/** The absolute path that `text` means: `~/` is the home directory, and what is relative is so to `cwd`. */
export function expandPath(
  text: string,
  paths: PathContext,
): { readonly kind: "value"; readonly value: string } | { readonly kind: "wrong"; readonly text: string } {
  if (text === "") return { kind: "wrong", text: "must be a path, is empty" };
  if (text.includes("\0")) return { kind: "wrong", text: "must be a path, holds a NUL" };
  if (text === "~") return { kind: "value", value: paths.home };
  if (text.startsWith("~/")) return { kind: "value", value: resolve(paths.home, text.slice(2)) };
  if (text.startsWith("~")) {
    return { kind: "wrong", text: `of ~ only ~/ is understood, is ${quoted(text)}: write the path in full` };
  }
  return { kind: "value", value: resolve(paths.cwd, text) };
}

/** What stands before the first space: a fingerprint without the comment that `mp-keygen fingerprint` prints after it. */
export function firstWord(text: string): string {
  return text.trim().split(/\s+/)[0] ?? "";
}

/** "an integer from 1 to 65535", for messages and help. */
export function expectation(option: Option): string {
  const kind = option.kind;
  switch (kind.type) {
    case "integer":
    case "count":
      return `an integer from ${kind.min} to ${kind.max}`;
    case "switch":
      return "true or false";
    case "path":
      return "a path";
    case "text":
      return "a string";
    case "choice":
      return kind.values.join(" or ");
  }
}

interface Range {
  readonly min: number;
  readonly max: number;
  readonly clamp?: true;
}

function inRange(range: Range, value: number): Reading {
  if (value >= range.min && value <= range.max) return { kind: "value", value };
  if (range.clamp !== true) {
    return { kind: "wrong", text: `must be an integer from ${range.min} to ${range.max}, is ${value}` };
  }
  const nearest = Math.min(Math.max(value, range.min), range.max);
  return {
    kind: "value",
    value: nearest,
    warning: `is ${value}, outside ${range.min} to ${range.max}: ${nearest} is used`,
  };
}

function checked(
  option: Option,
  check: ((text: string) => string | undefined) | undefined,
  text: string,
): Reading {
  if (text === "") return wrong(option, "empty");
  const fault = check?.(text);
  return fault === undefined ? { kind: "value", value: text } : { kind: "wrong", text: fault };
}

function wrong(option: Option, what: string): Reading {
  return { kind: "wrong", text: `must be ${expectation(option)}, is ${what}` };
}

function described(value: TomlValue): string {
  switch (value.type) {
    case "string":
      return `the string ${quoted(value.value)}`;
    case "integer":
    case "boolean":
      return String(value.value);
    case "other":
      return value.what;
  }
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
