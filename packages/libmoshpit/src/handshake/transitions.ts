import { UsageError } from "../util/index.js";

// Legal transitions as data. `pnpm vectors` makes the tables of spec/03-handshake.md 3.10 from them.

/** Where a client's handshake is. */
export type ClientStateName =
  | "idle"
  | "wait-server-hello"
  | "wait-server-identity"
  | "wait-trust"
  | "wait-result"
  | "accepted"
  | "rejected"
  | "failed"
  | "closed";

/** Where a server's handshake is. */
export type ServerStateName =
  | "idle"
  | "wait-client-hello"
  | "wait-client-identity"
  | "authorizing"
  | "refusing"
  | "accepted"
  | "rejected"
  | "failed"
  | "closed";

/** From the peer or from time. `fault`: a check failed, another message than is due, or octets where none are. */
type PeerInput = "fault" | "end-of-stream" | "deadline";

/** What moves a client's handshake. */
export type ClientInput =
  PeerInput | "start" | "server-hello" | "server-identity" | "accepted" | "rejected" | "trust" | "close";

/** What moves a server's handshake. */
export type ServerInput =
  | PeerInput
  | "start"
  | "client-hello"
  | "client-identity"
  | "accept"
  | "reject"
  | "refuse"
  | "refusal-due"
  | "close";

type Table<State extends string, Input extends string> = Readonly<
  Record<State, Readonly<Partial<Record<Input, State>>>>
>;

const FAILING = { fault: "failed", "end-of-stream": "failed", deadline: "failed", close: "closed" } as const;

/** A message that is not in a state's row is a fault there, a call that is not, a `UsageError`. */
export const CLIENT_TRANSITIONS: Table<ClientStateName, ClientInput> = {
  idle: { start: "wait-server-hello", close: "closed" },
  "wait-server-hello": { ...FAILING, "server-hello": "wait-server-identity", rejected: "rejected" },
  "wait-server-identity": { ...FAILING, "server-identity": "wait-trust" },
  "wait-trust": { ...FAILING, trust: "wait-result" },
  "wait-result": { ...FAILING, accepted: "accepted", rejected: "rejected" },
  accepted: {},
  rejected: {},
  failed: {},
  closed: {},
};

/** `refuse` is a Rejected{NOT_AUTHORIZED}, `reject` any other. */
export const SERVER_TRANSITIONS: Table<ServerStateName, ServerInput> = {
  idle: { start: "wait-client-hello", close: "closed" },
  "wait-client-hello": { ...FAILING, "client-hello": "wait-client-identity", reject: "rejected" },
  "wait-client-identity": { ...FAILING, "client-identity": "authorizing" },
  authorizing: { ...FAILING, accept: "accepted", reject: "rejected", refuse: "refusing" },
  refusing: { ...FAILING, "refusal-due": "rejected" },
  accepted: {},
  rejected: {},
  failed: {},
  closed: {},
};

/** Whether the handshake has ended: no input changes such a state. */
export function isFinal(state: ClientStateName | ServerStateName): boolean {
  return state === "accepted" || state === "rejected" || state === "failed" || state === "closed";
}

/** Throws `UsageError` unless the table has `input` lead from `from` to `to`. */
export function requireTransition<State extends string, Input extends string>(
  table: Table<State, Input>,
  from: State,
  input: Input,
  to: State,
): void {
  if (table[from][input] !== to) throw new UsageError(`"${input}" does not lead from "${from}" to "${to}"`);
}
