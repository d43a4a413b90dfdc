import { equalBytes } from "libmoshpit/util";
import { must, type CaseDefinition } from "../run/case.js";
import { sequencesOf } from "../peer/observed.js";
import { Session } from "../peer/session.js";

const BOTH = ["client", "server"] as const;
const KEY = Uint8Array.of(0x6b);

/** The last packet is lost: nobody but its sender can know. */
export const TAIL_CASES: readonly CaseDefinition[] = [
  {
    name: "tail/lost-packet-is-probed",
    level: 2,
    roles: BOTH,
    requirements: ["TR-PROBE-001"],
    about: "the packet with the last frame is lost, and only that: it arrives within three probe timeouts",
    run: async (context) => {
      const session = await Session.settled(context);
      const [sequence, start] = [session.observer.nextUsed, session.now];
      let losses = 1;
      session.loses = (packet) => sequencesOf(packet).includes(sequence) && losses-- > 0;
      const before = session.peerStream;
      await session.write(KEY);
      const arrived = await session.runUntilTrue(() => session.peer.cumulative > sequence, 10_000);
      must(arrived, "TR-PROBE-001", "a lost last packet was never sent again");
      // Round trip, its least variance, the peer's longest delay of an acknowledgement; three times, and the way.
      const limit = 3 * (100 + 20 + 100) + 50;
      const took = (session.now - start) / 1000;
      must(took <= limit, "TR-PROBE-001", `recovered after ${took} ms, the limit is ${limit} ms`);
      const expected = Uint8Array.of(...before, ...KEY);
      must(equalBytes(session.peerStream, expected), "TR-SEND-002", "another octet arrived than was written");
    },
  },
];
