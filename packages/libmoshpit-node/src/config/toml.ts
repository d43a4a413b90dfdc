import type { AST } from "toml-eslint-parser";

/** A value of the file, as far as an option can have one. */
export type TomlValue =
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "integer"; readonly value: number }
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "other"; readonly what: string };

/** `key = value`, or, with `value` absent, the head of a table. */
export interface TomlEntry {
  /** With its tables: `tracing.file.verbose`; parts that are no bare keys in quotes. */
  readonly key: string;
  /** The same, part by part, without quotes. */
  readonly path: readonly string[];
  /** From 1. */
  readonly line: number;
  readonly value?: TomlValue;
}

export type TomlDocument =
  | { readonly kind: "entries"; readonly entries: readonly TomlEntry[] }
  | { readonly kind: "wrong"; readonly line: number; readonly text: string };

/** Every entry of a TOML document with the line that it stands on; dotted keys, tables and inline tables alike. */
export async function parseToml(text: string): Promise<TomlDocument> {
  // Imported here: most starts of mp have no file to read.
  const { parseTOML, ParseError } = await import("toml-eslint-parser");
  try {
    const document = parseTOML(text, { tomlVersion: "1.0" });
    return { kind: "entries", entries: document.body[0].body.flatMap((node) => entriesOf(node)) };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { kind: "wrong", line: error.lineNumber, text: `not TOML: ${error.message}` };
  }
}

function entriesOf(node: AST.TOMLKeyValue | AST.TOMLTable): TomlEntry[] {
  if (node.type === "TOMLKeyValue") return valuesOf(node, []);
  const table = node.resolvedKey.map(String);
  return [
    { key: joined(table), path: table, line: node.loc.start.line },
    ...node.body.flatMap((child) => valuesOf(child, table)),
  ];
}

function valuesOf(node: AST.TOMLKeyValue, table: readonly string[]): TomlEntry[] {
  const path = [...table, ...node.key.keys.map(partOf)];
  const line = node.loc.start.line;
  const content = node.value;
  if (content.type === "TOMLInlineTable") {
    return [{ key: joined(path), path, line }, ...content.body.flatMap((child) => valuesOf(child, path))];
  }
  return [{ key: joined(path), path, line, value: valueOf(content) }];
}

function valueOf(node: AST.TOMLValue | AST.TOMLArray): TomlValue {
  if (node.type === "TOMLArray") return { type: "other", what: "a list" };
  switch (node.kind) {
    case "string":
      return { type: "string", value: node.value };
    case "integer":
      return { type: "integer", value: node.value };
    case "boolean":
      return { type: "boolean", value: node.value };
    case "float":
      return { type: "other", what: `the number ${node.number}` };
    default:
      return { type: "other", what: "a date or time" };
  }
}

function partOf(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === "TOMLBare" ? key.name : key.value;
}

/** A quoted part that holds a dot must not look like two parts. */
function joined(path: readonly string[]): string {
  return path.map((part) => (/^[A-Za-z0-9_-]+$/.test(part) ? part : JSON.stringify(part))).join(".");
}
