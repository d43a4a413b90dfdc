import { describe, expect, it } from "vitest";
import type { Attachment } from "libmoshpit/session";
import { concatBytes, equalBytes, micros, millis, PeerError, seconds, type Micros } from "libmoshpit/util";
import { isReliable } from "libmoshpit/wire";
import { Pair, randomSecrets, type PairOptions } from "./pair.js";
import { SeededRandom } from "./random.js";
import type { TracedPacket } from "./trace.js";

const octets = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const run = (pair: Pair, ms: number): void => pair.network.runUntil(micros(pair.network.now + ms * 1000));
const has = (packet: TracedPacket, kind: string): boolean =>
  packet.payload.frames.some((frame) => frame.kind === kind);

function settled(options: Partial<PairOptions> = {}): Pair {
  const pair = new Pair({ seed: 12, link: { delay: millis(50) }, trace: true, ...options });
  pair.network.runUntil(seconds(2));
  pair.trace.packets.length = 0;
  return pair;
}

/** A connection of which nothing comes. */
const strange = { secrets: randomSecrets(new SeededRandom(1)), connectionId: 5n };

/** The packets of one connection. */
function on(pair: Pair, connectionId: bigint, role: "client" | "server"): TracedPacket[] {
  return pair.trace.sentBy(role).filter((packet) => packet.connectionId === connectionId);
}

describe("resumption", () => {
  it("PL-RESUME-001 PL-RESUME-004 loses and doubles nothing, and erases the former connection", () => {
    const pair = settled();
    pair.link.down = true;
    pair.client.do((c, now) => c.write(now, octets("typed in the dark ")));
    pair.server.do((s, now) => s.write(now, octets("written in the dark ")));
    run(pair, 10_000);
    pair.client.do((c, now) => c.write(now, octets("and more")));
    const { connectionId } = pair.resume(millis(200));
    run(pair, 201);
    pair.link.down = false;
    run(pair, 1_000);
    expect(text(pair.server.received())).toBe("typed in the dark and more");
    expect(text(pair.client.received())).toBe("written in the dark ");
    for (const side of [pair.client, pair.server]) {
      expect(side.of("retired")).toEqual([{ type: "retired", connectionId: pair.connectionId }]);
      expect(side.of("resumed")).toHaveLength(1);
      expect(side.connection.generation).toBe(2);
    }
    const resumedAt = pair.server.events.find(({ event }) => event.type === "resumed")!.at;
    const late = on(pair, pair.connectionId, "client").at(-1)!;
    pair.network.deliver("client", "server", late.bytes);
    expect(on(pair, pair.connectionId, "server").filter(({ at }) => at > resumedAt)).toEqual([]);
    pair.client.do((c, now) => c.write(now, octets("!")));
    run(pair, 200);
    expect(text(pair.server.received())).toBe("typed in the dark and more!");
    expect(on(pair, connectionId, "client").some((packet) => has(packet, "data"))).toBe(true);
  });

  it("PL-RESUME-002 refuses an old generation and counts that can not be", () => {
    const pair = settled();
    const { server } = pair;
    const init = {
      secrets: randomSecrets(new SeededRandom(1)),
      connectionId: 5n,
      generation: 2,
      nextSequence: 0,
      cumulativeSequence: 0,
    };
    const resume = (change: object): void => server.do((s, now) => s.resume(now, { ...init, ...change }));
    for (const change of [{ generation: 1 }, { cumulativeSequence: 1 }, { nextSequence: 513 }]) {
      expect(() => resume(change)).toThrow(PeerError);
    }
    resume({ generation: 3 });
    expect(() => resume({ generation: 2 })).toThrow(PeerError);
    resume({ generation: 3, connectionId: 6n });
    expect(server.of("retired")).toEqual([{ type: "retired", connectionId: 5n }]);
  });

  it("PL-RESUME-003 is silent on a candidate, and drops it without an effect on what goes on", () => {
    const pair = settled({ server: { firstDatagram: seconds(30) } });
    const former = pair.connectionId;
    pair.server.do((s, now) =>
      s.resume(now, {
        secrets: randomSecrets(new SeededRandom(1)),
        connectionId: 5n,
        generation: 2,
        firstDatagram: seconds(30),
        nextSequence: 0,
        cumulativeSequence: 0,
      }),
    );
    for (let i = 0; i < 29; i++) {
      pair.server.do((s, now) => s.write(now, octets("x")));
      run(pair, 1_000);
    }
    expect(pair.server.of("retired")).toEqual([]);
    run(pair, 1_500);
    expect(pair.server.of("retired")).toEqual([{ type: "retired", connectionId: 5n }]);
    expect(new Set(pair.trace.sentBy("server").map((packet) => packet.connectionId))).toEqual(
      new Set([former]),
    );
    run(pair, 60_000);
    expect(pair.server.closed).toBe(false);
    expect(pair.client.octetsReceived).toBe(29);
  });

  describe("whose first answer an outage swallows", () => {
    /** The server has gone over to the candidate, and the client does not know; half a minute is the candidate's time. */
    function swallowed(): Pair {
      const firstDatagram = seconds(30);
      const pair = settled({ server: { firstDatagram }, client: { firstDatagram } });
      pair.link.toClient.down = true;
      run(pair, 7_000);
      pair.resume(millis(100));
      run(pair, 500);
      expect(pair.server.of("resumed")).toHaveLength(1);
      pair.link.toServer.down = true;
      run(pair, 300_000);
      pair.client.do((c, now) => c.write(now, octets("still here")));
      return pair;
    }

    it("PL-RESUME-003 goes on with the candidate when packets pass again, without another handshake", () => {
      const pair = swallowed();
      pair.link.down = false;
      run(pair, 3_500);
      expect(text(pair.server.received())).toBe("still here");
      expect(pair.client.of("resumed")).toHaveLength(1);
    });

    it("PL-RESUME-006 PL-RESUME-002 asks for the generation after the last that was granted", () => {
      const pair = swallowed();
      expect(pair.client.connection.generation).toBe(2);
      pair.resume(millis(100));
      run(pair, 100);
      pair.link.down = false;
      run(pair, 3_500);
      expect(text(pair.server.received())).toBe("still here");
      expect(pair.client.connection.generation).toBe(3);
    });
  });

  it("PL-RESUME-003 PL-RESUME-006 gives a candidate up where the former path lives, and counts it nevertheless", () => {
    const pair = settled();
    const { connectionId } = strange;
    pair.trace.add(strange.secrets, connectionId);
    const { counts } = pair.server.connection;
    pair.client.do((c, now) =>
      c.resume(now, { ...strange, ...counts, generation: 2, path: "server", firstDatagram: seconds(30) }),
    );
    run(pair, 29_000);
    expect(pair.client.of("retired")).toEqual([]);
    run(pair, 2_000);
    expect(pair.client.of("retired")).toEqual([{ type: "retired", connectionId }]);
    expect(pair.client.connection.generation).toBe(2);
  });

  it("PL-RESUME-005 sizes, an end of input and a Close leave on both connections, too", () => {
    for (const call of [
      (c: Attachment, now: Micros) => c.resize(now, { columns: 80, rows: 24, pixelWidth: 0, pixelHeight: 0 }),
      (c: Attachment, now: Micros) => c.end(now),
      (c: Attachment, now: Micros) => c.close(now, { reason: "quit" }),
    ]) {
      const pair = settled();
      pair.link.down = true;
      run(pair, 6_000);
      const { connectionId } = pair.resume();
      run(pair, 10);
      pair.trace.packets.length = 0;
      pair.client.do(call);
      for (const id of [pair.connectionId, connectionId])
        expect(
          on(pair, id, "client").flatMap(({ payload }) => payload.frames.filter(isReliable)),
        ).toHaveLength(1);
    }
  });

  it("PL-RESUME-002 is too late once the peer has closed", () => {
    const pair = settled();
    let granted = true;
    pair.client.do((c, now) => c.close(now, { reason: "quit" }));
    run(pair, 1_000);
    pair.server.do((s, now) => (granted = s.resume(now, { ...strange, ...s.counts, generation: 2 })));
    expect(granted).toBe(false);
  });

  it("PL-RESUME-005 greets on the candidate and sends what is new on both", () => {
    const pair = settled();
    pair.link.down = true;
    run(pair, 6_000);
    const { connectionId } = pair.resume();
    run(pair, 10);
    expect(on(pair, connectionId, "client")[0]?.octets).toBe(1200);
    pair.trace.packets.length = 0;
    pair.client.do((c, now) => c.write(now, octets("k")));
    for (const id of [pair.connectionId, connectionId]) {
      expect(on(pair, id, "client").filter((packet) => has(packet, "data"))).toHaveLength(1);
    }
  });

  it("PL-RESUME-001 goes on with whichever connection is heard, also when the former path heals first", () => {
    const pair = settled();
    pair.link.down = true;
    pair.client.do((c, now) => c.write(now, octets("one ")));
    run(pair, 7_000);
    pair.link.down = false;
    // The old connection's probes and the handshake cross.
    pair.resume(millis(300));
    pair.client.do((c, now) => c.write(now, octets("two ")));
    run(pair, 290);
    pair.client.do((c, now) => c.write(now, octets("three")));
    run(pair, 2_000);
    expect(text(pair.server.received())).toBe("one two three");
    pair.server.do((s, now) => s.write(now, octets("all here")));
    run(pair, 1_000);
    expect(text(pair.client.received())).toBe("all here");
  });

  it("PL-RESUME-004 PL-CLOSE-003 acknowledges a Close also where the peer has gone over to the candidate", () => {
    const pair = settled();
    pair.server.do((s, now) => s.close(now, { reason: "exited", exit: { code: 0 } }));
    pair.resume();
    run(pair, 1_000);
    expect(pair.server.of("resumed")).toHaveLength(1);
    expect(pair.client.of("closed")).toEqual([{ type: "closed", cause: "peer-close" }]);
    expect(pair.server.of("closed")).toEqual([{ type: "closed", cause: "local-close-acknowledged" }]);
  });

  it("PL-RESUME-001 delivers exactly once over any number of resumptions at any moment", () => {
    for (let seed = 1; seed <= 150; seed++) {
      const random = new SeededRandom(seed);
      const pair = new Pair({
        seed,
        link: { delay: millis(40), jitter: millis(20), loss: 0.3 * random.fraction() },
        server: { firstDatagram: seconds(30) },
      });
      const sent = { client: [] as Uint8Array[], server: [] as Uint8Array[] };
      for (let step = 0; step < 60; step++) {
        const choice = random.fraction();
        for (const role of ["client", "server"] as const) {
          if (random.fraction() < 0.5) continue;
          const bytes = random.bytes(1 + Math.floor(random.fraction() * (choice < 0.1 ? 20_000 : 8)));
          sent[role].push(bytes);
          pair[role].do((side, now) => side.write(now, bytes));
        }
        if (choice > 0.9) pair.link.down = true;
        if (choice < 0.3) pair.link.down = false;
        if (choice > 0.4 && choice < 0.55) pair.resume(millis(1 + 400 * random.fraction()));
        run(pair, 1 + 1_500 * random.fraction());
      }
      pair.link.down = false;
      pair.client.do((c, now) => c.wake(now));
      run(pair, 60_000);
      expect(equalBytes(pair.server.received(), concatBytes(...sent.client)), `seed ${seed}`).toBe(true);
      expect(equalBytes(pair.client.received(), concatBytes(...sent.server)), `seed ${seed}`).toBe(true);
    }
  });
});

describe("an outage", () => {
  it("PL-OUTAGE-001 is asked about after 4 s, with growing intervals, and answered", () => {
    const pair = settled();
    pair.link.toClient.down = true;
    const since = pair.client.connection.lastHeard;
    run(pair, 9_000);
    const asked = pair.trace.sentBy("client").filter((packet) => has(packet, "challenge"));
    expect(asked.map(({ at }) => Math.round((at - since) / 1000))).toEqual([
      4000, 4200, 4600, 5400, 7000, 10000,
    ]);
    pair.link.toClient.down = false;
    pair.client.do((c, now) => c.wake(now));
    run(pair, 101);
    expect(pair.network.now - pair.client.connection.lastHeard).toBeLessThan(2_000);
    expect(
      pair.trace
        .sentBy("server")
        .at(-1)
        ?.payload.frames.map((f) => f.kind),
    ).toContain("challenge-response");
  });

  it("PL-OUTAGE-001 TR-RTT-003 the server does not take a client's questions for another path", () => {
    const pair = settled();
    const before = pair.server.connection.rtt;
    pair.link.toClient.down = true;
    run(pair, 9_000);
    expect(before).toBeDefined();
    expect(pair.server.connection.rtt?.variance).toBeLessThan(before!.smoothed / 4);
  });

  it("PL-OUTAGE-003 a client that woke sends what is unacknowledged at once", () => {
    const pair = settled();
    pair.link.down = true;
    pair.client.do((c, now) => c.write(now, octets("k")));
    run(pair, 400_000);
    pair.link.down = false;
    const at = pair.network.now;
    pair.client.do((c, now) => c.wake(now));
    expect(pair.network.runUntilTrue(() => pair.server.octetsReceived === 1, seconds(1_000))).toBe(true);
    expect(pair.network.now - at).toBe(millis(50));
  });

  it("PL-ABANDON-001 PL-ABANDON-002 forgets only octets that were never sent, and only the server's", () => {
    const pair = settled();
    pair.link.down = true;
    pair.server.do((s, now) => s.write(now, new Uint8Array(100_000)));
    pair.server.do((s, now) => s.resize(now, { columns: 80, rows: 24, pixelWidth: 0, pixelHeight: 0 }));
    const sent = pair.trace.sentBy("server").filter((packet) => has(packet, "data")).length * 1024;
    let discarded = 0;
    pair.server.do((s, now) => (discarded = s.discardUnsent(now)));
    expect(discarded).toBeGreaterThan(100_000 - sent - 1024);
    pair.server.do((s, now) => s.write(now, octets("repaint")));
    pair.link.down = false;
    run(pair, 5_000);
    expect(pair.client.octetsReceived).toBe(100_000 - discarded + "repaint".length);
    expect(text(pair.client.received().subarray(-7))).toBe("repaint");
    expect(pair.client.of("resize")).toHaveLength(1);
  });
});
