import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nobleCrypto } from "libmoshpit/crypto";
import { Attachment, type SessionEvent } from "libmoshpit/session";
import { millis, seconds, type Micros } from "libmoshpit/util";
import {
  encodeFrame,
  encodePayload,
  PacketSealer,
  type DirectionKeys,
  type Frame,
  type PayloadHead,
} from "libmoshpit/wire";
import { Pair, randomSecrets, seededEntropy } from "./pair.js";
import { quickCrypto } from "./quick-crypto.js";
import { SeededRandom } from "./random.js";

const ID = 0x1122334455667788n;
const octets = (text: string): Uint8Array => new TextEncoder().encode(text);

/** One connection whose peer is the test, with the right keys and no manners. */
class Subject {
  readonly connection: Attachment;
  readonly events: SessionEvent[] = [];
  readonly sent: Uint8Array[] = [];
  /** What the connection was given as random octets: the tokens of its Challenges. */
  readonly tokens: Uint8Array[] = [];
  readonly #sealer: PacketSealer;
  #now: Micros = seconds(1);
  #wakeAt: Micros = seconds(0);

  constructor(role: "client" | "server", crypto = quickCrypto) {
    const random = new SeededRandom(5);
    const secrets = randomSecrets(random);
    const theirs: DirectionKeys = role === "client" ? secrets.serverToClient : secrets.clientToServer;
    this.#sealer = new PacketSealer(crypto, secrets.suite, ID, theirs);
    const entropy = seededEntropy(random);
    this.connection = new Attachment({
      role,
      crypto,
      entropy: {
        bytes: (label, length) => {
          const bytes = entropy.bytes(label, length);
          this.tokens.push(bytes);
          return bytes;
        },
      },
      secrets,
      connectionId: ID,
      now: this.#now,
      ...(role === "client" && { path: "server" }),
    });
    this.drain();
  }

  /** A packet that is authentic, whatever it says. */
  packet(head: Partial<PayloadHead>, frames: readonly Frame[] = [], padTo = 0): Uint8Array {
    const full: PayloadHead = {
      cumulativeSequence: 0,
      selectiveRanges: [],
      largestPacketEnd: 0,
      receivedCount: 0,
      timestamp: 0,
      echo: undefined,
      nextSequence: 0,
      heldFrames: 0,
      ...head,
    };
    return this.#sealer.seal(encodePayload(full, frames.map(encodeFrame), padTo));
  }

  plaintext(bytes: Uint8Array): Uint8Array {
    return this.#sealer.seal(bytes);
  }

  receive(...datagrams: readonly Uint8Array[]): void {
    for (const datagram of datagrams) {
      this.connection.handleDatagram(this.#now, "peer", datagram);
      this.drain();
    }
  }

  wait(ms: number): void {
    const until = millis(this.#now / 1000 + ms);
    while (this.#wakeAt <= until) {
      this.#now = this.#wakeAt > this.#now ? this.#wakeAt : this.#now;
      this.connection.handleTimeout(this.#now);
      this.drain();
    }
    this.#now = until;
  }

  do(call: (connection: Attachment, now: Micros) => void): void {
    call(this.connection, this.#now);
    this.drain();
  }

  drain(): void {
    for (;;) {
      const output = this.connection.pollOutput();
      if (output.kind === "event") this.events.push(output.event);
      else if (output.kind === "transmit") this.sent.push(output.bytes);
      else {
        this.#wakeAt = output.at;
        return;
      }
    }
  }

  get types(): string[] {
    return this.events.map((event) => event.type);
  }

  /** Everything that a datagram could have changed, but for the counters of drops. */
  get state(): unknown {
    const { dropped: _dropped, ...counters } = this.connection.counters;
    const { bufferedAmount, rtt, lastHeard, receivedNotConsumed } = this.connection;
    return { counters, bufferedAmount, rtt, lastHeard, receivedNotConsumed, wakeAt: this.#wakeAt };
  }

  dropped(reason: "malformed-payload"): number {
    return this.connection.counters.dropped.get(reason) ?? 0;
  }
}

const data = (sequence: number, text: string, extra: object = {}): Frame => ({
  kind: "data",
  sequence,
  bytes: octets(text),
  standardError: false,
  end: false,
  ...extra,
});

describe("authentic packets that say what can not be", () => {
  const impossible: [string, Partial<PayloadHead>, Frame[]][] = [
    ["an acknowledgement of what was never sent", { cumulativeSequence: 1 }, []],
    ["a selective one", { selectiveRanges: [{ start: 3, end: 4 }] }, []],
    ["the receipt of a packet that was never sent", { largestPacketEnd: 100 }, []],
    ["a next_sequence beyond the window", { nextSequence: 513 }, []],
    ["a frame at next_sequence", { nextSequence: 5 }, [data(5, "x")]],
    ["a Nak for what was never sent", {}, [{ kind: "nak", missing: [{ start: 0, end: 1 }] }]],
    ["a possible frame beside an impossible one", { nextSequence: 1 }, [data(0, "x"), data(1, "y")]],
  ];

  it.each(impossible)("FR-HEAD-002 FR-HEAD-004 drops %s", (_what, head, frames) => {
    const subject = new Subject("server");
    subject.receive(subject.packet({ nextSequence: 0 }));
    const [state, sent, events] = [subject.state, subject.sent.length, subject.events.length];
    subject.receive(subject.packet(head, frames));
    expect(subject.dropped("malformed-payload")).toBe(1);
    expect(subject.state).toEqual(state);
    expect(subject.sent.length).toBe(sent);
    expect(subject.events.length).toBe(events);
  });

  it("FR-HEAD-002 drops standard error from a client, and takes it from a server", () => {
    const frames = [data(0, "x", { standardError: true })];
    const server = new Subject("server");
    server.receive(server.packet({ nextSequence: 1 }, frames));
    expect(server.types).toEqual([]);
    expect(server.dropped("malformed-payload")).toBe(1);
    const client = new Subject("client");
    client.receive(client.packet({ nextSequence: 1 }, frames));
    expect(client.types).toEqual(["established", "data"]);
  });

  it("FR-HEAD-004 drops plaintext that is no payload, and uses up its packet number", () => {
    const subject = new Subject("server");
    const nonsense = subject.plaintext(Uint8Array.of(0xff, 0xff, 0xff));
    subject.receive(nonsense, nonsense);
    expect(subject.dropped("malformed-payload")).toBe(1);
    expect(subject.connection.counters.dropped.get("replayed")).toBe(1);
    expect(subject.types).toEqual([]);
    expect(subject.sent).toEqual([]);
  });

  it("FR-DATA-001 FR-DATA-002 ignores octets after the end of their stream, and takes empty Data", () => {
    const subject = new Subject("client");
    const frames = [
      data(0, ""),
      data(1, "a", { end: true }),
      data(2, "b"),
      data(3, "c", { standardError: true }),
      data(4, "", { standardError: true, end: true }),
    ];
    subject.receive(subject.packet({ nextSequence: 5 }, frames));
    expect(subject.events.slice(1)).toEqual([
      { type: "data", bytes: octets("a"), standardError: false },
      { type: "end", standardError: false },
      { type: "data", bytes: octets("c"), standardError: true },
      { type: "end", standardError: true },
    ]);
  });

  it("FR-CLOSE-001 FR-CLOSE-002 delivers nothing after a Close, and the Close not before what is missing", () => {
    const subject = new Subject("client");
    const close: Frame = { kind: "close", sequence: 1, reason: "ended" };
    subject.receive(subject.packet({ nextSequence: 3 }, [close, data(2, "late")]));
    expect(subject.types).toEqual(["established"]);
    subject.receive(subject.packet({ nextSequence: 3 }, [data(0, "early")]));
    expect(subject.types.slice(0, 3)).toEqual(["established", "data", "close"]);
    expect(subject.types.filter((type) => type === "data")).toHaveLength(1);
  });

  it("FR-RESIZE-001 delivers a size in the order of the frames", () => {
    const size = { columns: 132, rows: 50, pixelWidth: 0, pixelHeight: 0 };
    const subject = new Subject("server");
    const frames: Frame[] = [data(0, "a"), { kind: "resize", sequence: 1, size }, data(2, "b")];
    subject.receive(subject.packet({ nextSequence: 3 }, frames));
    expect(subject.types).toEqual(["established", "data", "resize", "data"]);
    expect(subject.events[2]).toEqual({ type: "resize", size });
  });

  it("FR-NAK-001 ignores a Nak for what was acknowledged, and one without ranges", () => {
    const subject = new Subject("client");
    subject.do((c, now) => c.write(now, octets("x")));
    subject.receive(subject.packet({ cumulativeSequence: 1, largestPacketEnd: 1 }));
    subject.wait(1_000);
    const sent = subject.sent.length;
    const nak = (missing: { start: number; end: number }[]): Frame => ({ kind: "nak", missing });
    subject.receive(
      subject.packet({ cumulativeSequence: 1 }, [nak([{ start: 0, end: 1 }])]),
      subject.packet({ cumulativeSequence: 1 }, [nak([])]),
    );
    expect(subject.sent.length).toBe(sent);
  });

  it("FR-CLOSE-001 ignores a second Close", () => {
    const subject = new Subject("client");
    const close = (sequence: number): Frame => ({ kind: "close", sequence, reason: "ended" });
    subject.receive(subject.packet({ nextSequence: 2 }, [close(0), close(1)]));
    expect(subject.types.filter((type) => type === "close")).toHaveLength(1);
  });

  it("TR-NAK-005 answers the Naks of one round trip once", () => {
    const subject = new Subject("client");
    subject.do((c, now) => c.write(now, octets("x")));
    const nak = (): Uint8Array =>
      subject.packet({ echo: 1000 }, [{ kind: "nak", missing: [{ start: 0, end: 1 }] }]);
    subject.wait(200);
    const answers = (): number => {
      const before = subject.connection.counters.framesRetransmitted;
      subject.receive(nak());
      return subject.connection.counters.framesRetransmitted - before;
    };
    expect(answers()).toBe(1);
    expect(subject.connection.rtt?.minimum).toBe(200_000);
    expect(answers()).toBe(0);
    subject.wait(179);
    expect(answers()).toBe(0);
    subject.wait(2);
    expect(answers()).toBe(1);
  });

  it("TR-RTT-002 takes samples from the newest packets only", () => {
    const subject = new Subject("client");
    const overtaken = subject.packet({ echo: 1000 });
    subject.wait(50);
    subject.receive(subject.packet({ echo: 1000 }));
    subject.wait(300);
    subject.receive(overtaken);
    expect(subject.connection.counters.packetsReceived).toBe(2);
    expect(subject.connection.rtt?.latest).toBe(50_000);
  });

  it("TR-PROBE-002 TR-PROBE-003 puts a server's probes back to the first pace when the client is heard", () => {
    const subject = new Subject("server");
    for (let i = 0; i < 3; i++) subject.receive(subject.packet({ echo: 1000 }, [], 1000));
    const token = subject.tokens[0] ?? new Uint8Array(8);
    subject.receive(subject.packet({}, [{ kind: "challenge-response", token }]));
    subject.do((c, now) => c.write(now, octets("x")));
    const probes = (): number => subject.connection.counters.probesSent;
    const gaps: number[] = [];
    for (let last = probes(), waited = 0; gaps.length < 6;) {
      subject.wait(5);
      waited += 5;
      if (probes() === last) continue;
      const twin = waited <= 10;
      last = probes();
      if (twin) continue;
      gaps.push(waited);
      waited = 0;
    }
    expect(gaps).toEqual([45, 200, 200, 200, 200, 200]);
    subject.wait(100);
    const before = probes();
    subject.receive(subject.packet({}));
    subject.wait(0);
    expect(probes()).toBe(before + 1);
  });

  it("TR-ORDER-002 takes no more than the window, held or waiting", () => {
    const subject = new Subject("client");
    const flood = (from: number, to: number): void => {
      for (let s = from; s < to; s++) subject.receive(subject.packet({ nextSequence: to }, [data(s, "z")]));
    };
    flood(0, 512);
    expect(subject.connection.receivedNotConsumed).toBe(512);
    subject.receive(subject.packet({ nextSequence: 513 }, [data(512, "z")]));
    expect(subject.connection.receivedNotConsumed).toBe(512);
    subject.do((c, now) => c.consumed(now, 512));
    flood(512, 1024);
    expect(subject.connection.receivedNotConsumed).toBe(512);
  });
});

describe("datagrams from anybody", () => {
  it("PK-OPEN-002 change nothing, elicit nothing and throw nothing", () => {
    for (const role of ["client", "server"] as const) {
      const subject = new Subject(role, nobleCrypto);
      const real = [
        subject.packet({ nextSequence: 1 }, [data(0, "hello")]),
        subject.packet({ nextSequence: 1 }, [{ kind: "heartbeat" }]),
      ];
      subject.receive(...real);
      subject.wait(1_000);
      const [state, sent, events] = [subject.state, subject.sent.length, subject.events.length];
      const noise = fc.uint8Array({ maxLength: 1300 });
      const changed = fc
        .tuple(fc.constantFrom(...real, ...subject.sent), fc.nat(), fc.integer({ min: 1, max: 255 }))
        .map(([packet, where, by]) =>
          packet.map((octet, i) => (i === where % packet.length ? octet ^ by : octet)),
        );
      const replayed = fc.constantFrom(...real, ...subject.sent);
      fc.assert(
        fc.property(fc.oneof(noise, changed, replayed), (datagram) => {
          subject.receive(datagram);
        }),
        { numRuns: 2_000 },
      );
      expect(subject.state).toEqual(state);
      expect(subject.sent.length).toBe(sent);
      expect(subject.events.length).toBe(events);
    }
  });

  it("PK-OPEN-002 do not move, slow or end a session under way", () => {
    const pair = new Pair({ seed: 3, link: { delay: millis(20) } });
    const random = new SeededRandom(9);
    const seen: Uint8Array[] = [];
    pair.network.onCarried = ({ bytes, to }) => {
      if (to === "server") seen.push(bytes);
    };
    pair.network.runUntil(seconds(1));
    for (let i = 0; i < 5_000; i++) {
      const old = seen[random.below(seen.length)] ?? new Uint8Array(0);
      const kind = random.below(4);
      const bytes =
        kind === 0
          ? old
          : kind === 1
            ? random.bytes(random.below(1400))
            : kind === 2
              ? new Uint8Array(0)
              : random.bytes(1200);
      pair.network.at(millis(1000 + i), () => pair.network.deliver("elsewhere", "server", bytes));
    }
    for (let i = 0; i < 50; i++) {
      const start = pair.network.now;
      pair.client.do((c, now) => c.write(now, Uint8Array.of(i)));
      pair.network.runUntilTrue(() => pair.server.received().length === i + 1, seconds(100));
      expect((pair.network.now - start) / 1000).toBe(20);
      pair.network.runUntil(millis(pair.network.now / 1000 + 80));
    }
    expect(pair.server.of("path")).toEqual([]);
    expect(pair.server.received()).toEqual(Uint8Array.from({ length: 50 }, (_, i) => i));
  });
});
