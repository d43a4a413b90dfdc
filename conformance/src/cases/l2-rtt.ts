import { Session } from "../peer/session.js";
import { must, type CaseDefinition } from "../run/case.js";
import { blackOut, PROBE_TIMEOUT_MS, probeTimes } from "./l2-tail.js";

const BOTH = ["client", "server"] as const;
const KEY = Uint8Array.of(0x6b);

/** The round trip, as it shows in when the next probe leaves. */
export const RTT_CASES: readonly CaseDefinition[] = [
  {
    name: "rtt/only-from-the-newest",
    level: 2,
    roles: BOTH,
    requirements: ["TR-RTT-002"],
    about: "overtaken packets with echoes of many seconds do not slow the next probe",
    run: async (context) => {
      const session = await Session.settled(context);
      const clock = session.packets.at(-1)?.payload.timestamp ?? 0;
      const stale = Array.from({ length: 5 }, () =>
        session.peer.packet(session.now, [], { head: { echo: (clock - 5_000) & 0xffff } }),
      );
      await session.give();
      for (const packet of stale) await session.deliver(packet);
      blackOut(session);
      const start = session.now;
      await session.write(KEY);
      await session.runFor(1_000);
      const [, probe = Infinity] = probeTimes(session, start);
      must(probe <= PROBE_TIMEOUT_MS + 15, "TR-RTT-002", `the next probe left after ${probe} ms`);
    },
  },
  {
    name: "rtt/follows-the-samples",
    level: 2,
    roles: BOTH,
    requirements: ["TR-RTT-003", "TR-RTT-002"],
    about: "twenty newest packets that echo a round trip of 300 ms: the next probe leaves accordingly later",
    run: async (context) => {
      const session = await Session.settled(context);
      for (let i = 0; i < 40; i++) {
        await session.give([], { head: { echo: clockOf(session, 300) } });
        await session.runFor(20);
      }
      blackOut(session);
      const start = session.now;
      await session.write(KEY);
      await session.runFor(2_000);
      const [, probe = Infinity] = probeTimes(session, start);
      must(
        probe >= 390 && probe <= 480,
        "TR-RTT-003",
        `the first probe left after ${probe} ms, about 420 ms are due`,
      );
    },
  },
];

/** The echo that makes a sample of so many milliseconds. */
function clockOf(session: Session, milliseconds: number): number {
  const last = session.packets.at(-1);
  if (last === undefined) return 0;
  const passed = Math.floor((session.now - last.at) / 1000);
  return (last.payload.timestamp + passed - milliseconds) & 0xffff;
}
