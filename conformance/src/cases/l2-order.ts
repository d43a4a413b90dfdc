import { equalBytes } from "libmoshpit/util";
import { SeededRandom } from "testkit";
import { must, type CaseDefinition } from "../run/case.js";
import { sequencesOf } from "../peer/observed.js";
import { Session } from "../peer/session.js";
import { mustBe } from "./check.js";

const BOTH = ["client", "server"] as const;
const KEY = Uint8Array.of(0x6b);
const SIZE = { columns: 132, rows: 50, pixelWidth: 1320, pixelHeight: 1000 };

/** What is put in and what comes out: sending, order, sizes, ends of streams. */
export const ORDER_CASES: readonly CaseDefinition[] = [
  {
    name: "order/any-order-once",
    level: 2,
    roles: BOTH,
    requirements: ["TR-ORDER-001"],
    about: "60 frames, several a packet, arrive in any order and more than once: delivered once and in order",
    run: async (context) => {
      const session = await Session.settled(context);
      const random = new SeededRandom(context.seed);
      const frames = Array.from({ length: 60 }, (_, i) =>
        session.peer.data(random.bytes(1 + (i % 7)), i % 13 === 5 ? { end: false } : {}),
      );
      const order = [...frames, ...frames, ...frames].map((frame) => ({ frame, at: random.uint32() }));
      order.sort((a, b) => a.at - b.at);
      for (let i = 0; i < order.length; i += 3) {
        await session.give(order.slice(i, i + 3).map(({ frame }) => frame));
        session.mustDeliverAll();
        await session.runFor(2);
      }
      mustBe(session.observer.cumulativeGiven, session.peer.frames.length, "TR-ORDER-001", "frames in order");
      session.mustDeliverAll();
    },
  },
  {
    name: "order/holds-the-whole-window",
    level: 2,
    roles: BOTH,
    requirements: ["TR-ORDER-002", "TR-ORDER-001"],
    about: "511 frames wait behind one that is missing; when it comes, all are delivered",
    run: async (context) => {
      const session = await Session.settled(context);
      const first = session.peer.data(KEY);
      const rest = Array.from({ length: 511 }, (_, i) => session.peer.data(Uint8Array.of(i & 0xff)));
      const before = session.subject.delivered().length;
      for (let i = 0; i < rest.length; i += 50) await session.give(rest.slice(i, i + 50));
      mustBe(session.subject.delivered().length, before, "TR-ORDER-001", "octets delivered over a gap");
      await session.give([first]);
      mustBe(session.subject.delivered().length, before + 512, "TR-ORDER-002", "octets delivered");
      session.mustDeliverAll();
    },
  },
  {
    name: "order/a-size-at-its-place",
    level: 2,
    roles: BOTH,
    requirements: ["FR-RESIZE-001"],
    about: "a Resize between two Data frames that arrive in reverse is delivered once, with every number",
    run: async (context) => {
      const session = await Session.settled(context);
      const frames = [
        session.peer.data(KEY),
        session.peer.number({ kind: "resize", size: SIZE }),
        session.peer.data(KEY),
      ];
      for (const frame of frames.reverse()) await session.give([frame]);
      session.mustDeliverAll();
      mustBe(session.subject.resizes.length, 1, "FR-RESIZE-001", "sizes delivered");
      const [size] = session.subject.resizes;
      const { columns, rows, pixelWidth, pixelHeight } = size ?? { ...SIZE, columns: 0 };
      const found = [columns, rows, pixelWidth, pixelHeight].join();
      mustBe(found, Object.values(SIZE).join(), "FR-RESIZE-001", "the size");
    },
  },
  {
    name: "send/a-size-is-reliable",
    level: 2,
    roles: BOTH,
    requirements: ["FR-RESIZE-001", "TR-SEND-002"],
    about: "a Resize whose packet is lost is sent again until it is acknowledged",
    run: async (context) => {
      const session = await Session.settled(context);
      const sequence = session.observer.nextUsed;
      let losses = 2;
      session.loses = (packet) => sequencesOf(packet).includes(sequence) && losses-- > 0;
      await session.resize(SIZE);
      const arrived = await session.runUntilTrue(() => session.peer.cumulative > sequence, 5_000);
      must(arrived, "FR-RESIZE-001", "the Resize never arrived");
      const sent = session.packets
        .flatMap(({ payload }) => payload.frames)
        .find((frame) => "sequence" in frame && frame.sequence === sequence);
      must(
        sent?.kind === "resize" && sent.size.columns === SIZE.columns && sent.size.rows === SIZE.rows,
        "FR-RESIZE-001",
        "another frame was sent than the Resize",
      );
    },
  },
  {
    name: "send/last-size-only",
    level: 2,
    roles: BOTH,
    requirements: ["TR-SEND-001"],
    about: "behind a closed window only the last of several Resizes is left, and octets become one frame",
    run: async (context) => {
      const session = await Session.settled(context);
      await closeWindow(session);
      const used = session.observer.nextUsed;
      for (let i = 0; i < 300; i++) await session.write(Uint8Array.of(i & 0xff));
      for (let i = 1; i <= 5; i++) await session.resize({ ...SIZE, columns: 80 + i });
      await session.runFor(50);
      mustBe(session.observer.nextUsed, used, "TR-SEND-003", "sequence numbers used behind the window");
      await session.give();
      await session.runFor(300);
      mustBe(session.observer.nextUsed, used + 2, "TR-SEND-001", "sequence numbers used for it all");
      const frames = session.packets.flatMap(({ payload }) => payload.frames);
      const last = frames.findLast((frame) => frame.kind === "resize");
      must(
        last?.kind === "resize" && last.size.columns === 85,
        "TR-SEND-001",
        "the size that was sent is not the last",
      );
    },
  },
  {
    name: "send/at-once",
    level: 2,
    roles: BOTH,
    requirements: ["TR-SEND-004"],
    about: "what is written leaves at once, and long input in frames of at most 1024 octets",
    run: async (context) => {
      const session = await Session.settled(context);
      const before = session.packets.length;
      await session.write(KEY);
      mustBe(session.packets.length, before + 1, "TR-SEND-004", "packets sent at once");
      await session.runFor(500);
      const text = new SeededRandom(context.seed).bytes(6_000);
      const heard = session.peerStream.length;
      await session.write(text);
      must(
        session.since(session.now).length >= 1,
        "TR-SEND-004",
        "a long input did not begin to leave at once",
      );
      await session.runFor(1_000);
      must(
        equalBytes(session.peerStream.subarray(heard), text),
        "TR-ORDER-001",
        "other octets arrived than were written",
      );
    },
  },
  {
    name: "send/small-is-free",
    level: 2,
    roles: BOTH,
    requirements: ["TR-SEND-005"],
    about: "while keys are unacknowledged, every packet carries all of them, one that only acknowledges too",
    run: async (context) => {
      const session = await Session.settled(context);
      session.loses = () => true;
      const first = session.observer.nextUsed;
      const keys = 5;
      for (let i = 0; i < keys; i++) {
        await session.write(KEY);
        await session.runFor(7);
      }
      const start = session.now;
      // Enough to be acknowledged at once.
      for (let i = 0; i < 17; i++) await session.give([session.peer.data(KEY)]);
      const sent = session.since(start);
      must(sent.length > 0, "TR-ACK-002", "17 packets were not acknowledged at once");
      for (const packet of session.packets
        .filter((each) => sequencesOf(each).includes(first))
        .slice(keys - 1)) {
        const sequences = sequencesOf(packet);
        for (let i = 0; i < keys; i++)
          must(sequences.includes(first + i), "TR-SEND-005", `packet #${packet.number} lacks ${first + i}`);
      }
      for (const packet of sent)
        must(sequencesOf(packet).length >= keys, "TR-SEND-005", "an acknowledgement does not carry the keys");
    },
  },
  {
    name: "send/window-of-the-peer",
    level: 2,
    roles: BOTH,
    requirements: ["TR-SEND-003"],
    about: "with 512 held frames nothing new is sent; what was written leaves when the window opens",
    run: async (context) => {
      const session = await Session.settled(context);
      await closeWindow(session);
      const used = session.observer.nextUsed;
      await session.write(KEY);
      await session.runFor(3_000);
      mustBe(session.observer.nextUsed, used, "TR-SEND-003", "sequence numbers used");
      await session.give([], { head: { heldFrames: 0 } });
      await session.runFor(200);
      mustBe(
        session.observer.nextUsed,
        used + 1,
        "TR-SEND-003",
        "sequence numbers used with the window open",
      );
    },
  },
  {
    name: "window/announced",
    level: 2,
    roles: BOTH,
    requirements: ["TR-WINDOW-001"],
    about:
      "frames that the program has not taken are held; when it takes them, that is said at once, and again",
    run: async (context) => {
      const session = await Session.settled(context, { manualTaking: true });
      for (let i = 0; i < 512; i += 32)
        await session.give(Array.from({ length: 32 }, () => session.peer.data(KEY)));
      await session.runFor(300);
      const held = session.packets.at(-1)?.payload.heldFrames;
      mustBe(held ?? -1, 512, "TR-ORDER-002", "held_frames");
      const start = session.now;
      session.loses = () => true;
      await session.subject.step({ case: "taken", value: { octets: 512n } });
      const [said] = session.since(start);
      must(said?.at === start, "TR-WINDOW-001", "the open window was not announced at once");
      mustBe(said.payload.heldFrames, 0, "TR-WINDOW-001", "held_frames that it says");
      await session.runFor(1_000);
      const again = session.since(start).length - 1;
      must(
        again >= 2,
        "TR-WINDOW-001",
        `an announcement without an answer was repeated ${again} times in 1 s`,
      );
    },
  },
  {
    name: "streams/end",
    level: 2,
    roles: BOTH,
    features: ["pipes"],
    requirements: ["FR-DATA-002"],
    about: "the end of a stream is sent after its octets and delivered after them; octets behind it are not",
    run: async (context) => {
      const session = await Session.settled(context, { terminal: false });
      await session.write(KEY);
      await session.end();
      await session.runFor(300);
      const frames = session.packets.flatMap(({ payload }) => payload.frames);
      const ending = frames.findLast((frame) => frame.kind === "data");
      must(ending?.kind === "data" && ending.end, "FR-DATA-002", "the end of the stream was not sent");
      const octets = session.subject.delivered().length;
      await session.give([session.peer.data(KEY, { end: true }), session.peer.data(KEY)]);
      mustBe(session.subject.delivered().length, octets + 1, "FR-DATA-002", "octets delivered");
      mustBe(session.subject.ended.length, 1, "FR-DATA-002", "ends delivered");
    },
  },
];

/** The peer says that its program takes nothing. */
async function closeWindow(session: Session): Promise<void> {
  session.acknowledges = false;
  const fill = new Uint8Array(1024);
  // As many frames as the peer may hold: 512 less what the window lets through by itself.
  await session.give([], { head: { heldFrames: 0 } });
  for (let i = 0; i < 512; i += 1) {
    await session.write(fill.subarray(0, 1));
    if (i % 64 === 63) {
      await session.runFor(60);
      await session.give([], { head: { heldFrames: i + 1 } });
    }
  }
  await session.runFor(60);
  await session.give([], { head: { heldFrames: 512 } });
}
