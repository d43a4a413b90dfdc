import { listTraces } from "../traces/trace.js";
import { replayReactively } from "../traces/reactive.js";
import { replayVerbatim } from "../traces/verbatim.js";
import type { CaseDefinition } from "../run/case.js";

const BOTH = ["client", "server"] as const;

/** Recorded sessions, each replayed in both ways to both roles. */
export const TRACE_CASES: readonly CaseDefinition[] = listTraces().flatMap(({ name, head, url }) => {
  const features = head.open?.terminal === undefined ? ["pipes"] : [];
  return [
    {
      name: `traces/${name}/reactive`,
      level: 2,
      roles: BOTH,
      features,
      requirements: ["TR-ORDER-001", "TR-SEND-002", "TR-NAK-004", "PK-NUM-001"],
      about: `the recorded inputs and fates, with the reference as peer: ${head.about}`,
      run: (context) => replayReactively(context, url),
    },
    {
      name: `traces/${name}/verbatim`,
      level: 2,
      roles: BOTH,
      features,
      requirements: ["TR-ORDER-001", "TR-NAK-002", "TR-NAK-004", "PK-REPLAY-001"],
      about: `the recorded packets as they arrived: ${head.about}`,
      run: (context) => replayVerbatim(context, url),
    },
  ];
});
