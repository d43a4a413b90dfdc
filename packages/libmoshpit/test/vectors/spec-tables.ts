import { CLIENT_TRANSITIONS, isFinal, SERVER_TRANSITIONS } from "../../src/handshake/index.js";

const CLIENT_INPUTS = [
  "_start_",
  "server-hello",
  "server-identity",
  "accepted",
  "rejected",
  "fault",
  "end-of-stream",
  "deadline",
  "_trust_",
  "_close_",
];

const SERVER_INPUTS = [
  "_start_",
  "client-hello",
  "client-identity",
  "fault",
  "end-of-stream",
  "deadline",
  "refusal-due",
  "_accept_",
  "_reject_",
  "_refuse_",
  "_close_",
];

/** By file of spec/, then by the name in its `<!-- table: … -->`: the table in Markdown. */
export const SPEC_TABLES: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  "03-handshake.md": {
    "client-states": () => stateTable(CLIENT_TRANSITIONS, CLIENT_INPUTS),
    "server-states": () => stateTable(SERVER_TRANSITIONS, SERVER_INPUTS),
  },
};

type Transitions<State extends string> = Readonly<
  Record<State, Readonly<Record<string, string | undefined>>>
>;

function stateTable<State extends string>(
  transitions: Transitions<State>,
  columns: readonly string[],
): string {
  const states = Object.keys(transitions).filter((state) => !isFinal(state as never));
  const inputs = columns.map((column) => column.replaceAll("_", ""));
  const missing = states
    .flatMap((state) => Object.keys(transitions[state as State]))
    .filter((input) => !inputs.includes(input));
  if (missing.length > 0) throw new Error(`no column for ${missing.join(", ")}`);
  return aligned([
    ["state", ...columns],
    ...states.map((state) => [state, ...inputs.map((input) => transitions[state as State][input] ?? "")]),
  ]);
}

/** A table as the formatter wants it: columns as wide as their widest cell. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const [head, ...body] = rows.map((row) =>
    line(row.map((cell, column) => cell.padEnd(widths[column] ?? 0))),
  );
  return [head, line(widths.map((width) => "-".repeat(width))), ...body].join("\n");
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
