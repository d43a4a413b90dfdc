import { micros, millis, seconds, type Micros } from "libmoshpit/util";
import { Arena, type ArenaInput, type Network } from "../peer/arena.js";
import { must, type CaseContext, type RoleName } from "../run/case.js";
import { readTrace, roleName, type Trace } from "./trace.js";

/** What everything needs to arrive after the last input. */
const PATIENCE: Micros = seconds(60);
const QUIET: Micros = seconds(4);

/**
 * The recorded inputs at their times, and the recorded fate for the n-th datagram of each side: whatever the two sides
 * say in it. Once the recorded fates are used up, everything arrives. The reference machine plays the peer.
 */
export async function replayReactively(context: CaseContext, url: URL): Promise<void> {
  const trace = readTrace(url);
  const arena = await Arena.open(context, fatesOf(trace), {
    terminal: trace.head.open?.terminal !== undefined,
  });
  const start = arena.now;
  let last = start;
  for (const { at, role, event } of trace.events) {
    const input = inputOf(event);
    if (input === undefined) continue;
    last = micros(start + Number(at));
    arena.at(last, roleName(role), input);
  }
  await arena.runUntil(last);
  must(
    await arena.runUntilComplete(micros(last + PATIENCE)),
    "TR-PROBE-004",
    `${PATIENCE / 1e6} s after the last input not everything has arrived`,
  );
  await arena.runUntil(micros(arena.now + QUIET));
  arena.mustBeExact();
}

/** What a side puts in; undefined for everything else. */
export function inputOf(event: Trace["events"][number]["event"]): ArenaInput | undefined {
  switch (event.case) {
    case "typed":
      return { kind: "write", bytes: event.value.octets };
    case "output": {
      const { octets, standardError } = event.value;
      return { kind: "write", bytes: octets, standardError };
    }
    case "end":
      return { kind: "end", standardError: event.value.standardError };
    case "resize": {
      const { columns, rows } = event.value;
      return { kind: "resize", columns, rows };
    }
    default:
      return undefined;
  }
}

function fatesOf({ datagrams }: Trace): Network {
  const delays = (role: RoleName): readonly (readonly number[])[] =>
    datagrams[role].map(({ sentAt, arrivals }) => arrivals.map((at) => at - sentAt));
  const fates = { client: delays("client"), server: delays("server") };
  return (sender, index, now) => {
    const fate = fates[sender][index] ?? [millis(50)];
    return fate.map((delay) => micros(now + delay));
  };
}
