import { micros, UsageError, type Micros } from "libmoshpit/util";
import type { CloseReason } from "libmoshpit/wire";
import type { TerminalSize } from "../../src/gen/moshpit/v1/handshake_pb.js";
import type { Close } from "../../src/gen/moshpit/v1/packet_pb.js";
import type { SessionMachine } from "../../src/reference/session-machine.js";
import { WIRE_REASONS } from "./understood-payload.js";

export function timeOf(value: bigint): Micros {
  return micros(Number(value));
}

export function sizeOf({
  columns,
  rows,
  pixelWidth,
  pixelHeight,
}: TerminalSize): Parameters<SessionMachine["resize"]>[1] {
  return { columns, rows, pixelWidth, pixelHeight };
}

export function closeOf({ reason, exit, text }: Close): Parameters<SessionMachine["close"]>[1] {
  const named = Object.entries(WIRE_REASONS).find(([, wire]) => wire === reason)?.[0];
  if (named === undefined || named === "unknown") throw new UsageError("a Close needs a reason");
  const status = exit?.status;
  return {
    reason: named as CloseReason,
    ...(status?.case === "code" && { exit: { code: status.value } }),
    ...(status?.case === "signal" && { exit: { signal: status.value } }),
    ...(text !== "" && { text }),
  };
}
