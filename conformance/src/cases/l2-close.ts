import { millis } from "libmoshpit/util";
import { CloseReason } from "../gen/moshpit/v1/packet_pb.js";
import { kindsOf } from "../peer/observed.js";
import { Session } from "../peer/session.js";
import { must, type CaseDefinition } from "../run/case.js";
import { mustBe } from "./check.js";

const BOTH = ["client", "server"] as const;
const KEY = Uint8Array.of(0x6b);

/** The end of a session, from either side. */
export const CLOSE_CASES: readonly CaseDefinition[] = [
  {
    name: "close/own",
    level: 2,
    roles: BOTH,
    requirements: ["PL-CLOSE-001", "FR-CLOSE-001"],
    about: "what was written leaves before the Close; lost, the Close is repeated; acknowledged, it is over",
    run: async (context) => {
      const session = await Session.settled(context);
      let losses = 2;
      session.loses = (packet) => kindsOf(packet).includes("close") && losses-- > 0;
      await session.write(KEY);
      const reason = context.role === "client" ? CloseReason.QUIT : CloseReason.ENDED;
      await session.close(reason, "bye");
      const last = (): boolean => session.peer.cumulative === session.observer.nextUsed;
      must(await session.runUntilTrue(last, 5_000), "PL-CLOSE-001", "the Close never arrived");
      await session.runFor(500);
      const packets = session.packets.length;
      await session.runFor(30_000);
      mustBe(session.packets.length, packets, "PL-CLOSE-001", "packets after the end");
      const final = session.packets
        .flatMap(({ payload }) => payload.frames)
        .find((frame) => "sequence" in frame && frame.sequence === session.observer.nextUsed - 1);
      must(final?.kind === "close", "FR-CLOSE-001", "the last sequence number is not the Close's");
      mustBe(final.text ?? "", "bye", "FR-CLOSE-001", "its text");
    },
  },
  {
    name: "close/of-the-peer",
    level: 2,
    roles: BOTH,
    requirements: ["FR-CLOSE-002", "PL-CLOSE-003", "TR-ACK-002"],
    about:
      "a Close that overtook Data is delivered after it, acknowledged three times at once, and then it is over",
    run: async (context) => {
      const session = await Session.settled(context);
      const data = session.peer.data(KEY);
      const exit = context.role === "client" ? { exit: { code: 3 } } : {};
      const reason = context.role === "client" ? ("exited" as const) : ("quit" as const);
      const close = session.peer.number({ kind: "close", reason, ...exit });
      await session.give([close]);
      mustBe(session.subject.closes.length, 0, "FR-CLOSE-002", "Closes delivered before the Data");
      session.later(millis(1), async () => {
        await session.give([data]);
      });
      await session.runFor(1);
      const start = session.now;
      session.mustDeliverAll();
      mustBe(session.subject.closes.length, 1, "FR-CLOSE-002", "Closes delivered");
      if (context.role === "client") {
        const status = session.subject.closes[0]?.exit?.status;
        must(status?.case === "code" && status.value === 3, "FR-CLOSE-001", "the exit status is another");
      }
      const farewells = session.since(start).length;
      must(farewells >= 3, "PL-CLOSE-003", `${farewells} acknowledgements of the Close left at once`);
      await session.runFor(30_000);
      must(
        session.since(start).every(({ at }) => at <= start + 2_500_000),
        "PL-CLOSE-003",
        "packets long after the end",
      );
    },
  },
];
