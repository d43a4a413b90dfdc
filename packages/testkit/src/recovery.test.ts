import { describe, expect, it } from "vitest";
import { millis, seconds, type Micros } from "libmoshpit/util";
import type { Link } from "./link.js";
import { Pair, type PairOptions } from "./pair.js";
import type { TracedPacket } from "./trace.js";

const RTT = 100;
const octets = (text: string): Uint8Array => new TextEncoder().encode(text);
const key = octets("x");

/** A pair that has found each other and measured its round trip, at 2 s. */
function settled(options: Partial<PairOptions> = {}): Pair {
  const pair = new Pair({ seed: 7, link: { delay: millis(RTT / 2) }, trace: true, ...options });
  pair.network.runUntil(seconds(1));
  for (const side of [pair.client, pair.server]) side.do((c, now) => c.write(now, octets("hello")));
  pair.network.runUntil(seconds(2));
  pair.trace.packets.length = 0;
  return pair;
}

/** Many packets without a loss, so that both sides know that the path loses nothing. */
function clean(options: Partial<PairOptions> = {}): Pair {
  const pair = settled(options);
  for (let i = 0; i < 100; i++) {
    for (const side of [pair.client, pair.server]) side.do((c, now) => c.write(now, key));
    pair.network.runUntil(millis(pair.network.now / 1000 + 150));
  }
  pair.network.runUntil(seconds(pair.network.now / 1e6 + 1));
  pair.trace.packets.length = 0;
  return pair;
}

/** Loses the datagrams of a direction whose turn is named, counted from now. */
function lose(pair: Pair, direction: "toServer" | "toClient", turns: readonly number[]): void {
  const link: Link = pair.link[direction];
  const carry = link.carry.bind(link);
  let turn = 0;
  link.carry = (now, length) =>
    turns.includes(turn++) ? { kind: "lost", why: "random" } : carry(now, length);
}

const run = (pair: Pair, ms: number): void => pair.network.runUntil(millis(pair.network.now / 1000 + ms));
const since = (start: Micros, packet: TracedPacket | undefined): number =>
  ((packet?.at ?? NaN) - start) / 1000;
const sequences = (packet: TracedPacket | undefined): number[] =>
  (packet?.payload.frames ?? []).flatMap((frame) => ("sequence" in frame ? [frame.sequence] : []));
const kinds = (packet: TracedPacket | undefined): string[] =>
  (packet?.payload.frames ?? []).map((f) => f.kind);

describe("sending", () => {
  it("TR-SEND-004 sends a key at once", () => {
    const pair = settled();
    pair.client.do((c, now) => c.write(now, key));
    const [packet] = pair.trace.sentBy("client");
    expect(packet?.at).toBe(pair.network.now);
    expect(kinds(packet)).toEqual(["data"]);
  });

  it("TR-SEND-001 joins what waits into full frames, and keeps only the last of neighbouring Resizes", () => {
    const pair = new Pair({ seed: 1, link: { delay: millis(10) }, trace: true });
    const size = { columns: 80, rows: 24, pixelWidth: 0, pixelHeight: 0 };
    pair.server.do((c, now) => {
      for (let i = 0; i < 3000; i++) c.write(now, key);
      for (let columns = 10; columns < 20; columns++) c.resize(now, { ...size, columns });
      c.write(now, key);
    });
    run(pair, 500);
    const frames = pair.trace.sentBy("server").flatMap((packet) => packet.payload.frames);
    const data = frames.flatMap((frame) => (frame.kind === "data" ? [frame.bytes.length] : []));
    expect(data.reduce((sum, length) => sum + length, 0)).toBe(3001);
    expect(data.length).toBeLessThanOrEqual(5);
    expect(pair.client.of("resize")).toEqual([{ type: "resize", size: { ...size, columns: 19 } }]);
  });

  it("TR-SEND-005 carries the keys that are still unacknowledged along with the next one", () => {
    const pair = clean();
    lose(pair, "toServer", [0]);
    pair.client.do((c, now) => c.write(now, octets("a")));
    run(pair, 20);
    const start = pair.network.now;
    pair.client.do((c, now) => c.write(now, octets("b")));
    run(pair, RTT / 2 + 1);
    expect(new TextDecoder().decode(pair.server.received()).endsWith("xab")).toBe(true);
    expect(sequences(pair.trace.sentBy("client", start)[0])).toHaveLength(2);
  });

  it("TR-SEND-005 carries what is unacknowledged with bare acknowledgements and a Nak", () => {
    const pair = clean();
    lose(pair, "toServer", [0]);
    pair.client.do((c, now) => c.write(now, octets("a")));
    pair.link.toServer.down = true;
    pair.server.do((c, now) => c.write(now, pair.random.bytes(8 * 1024)));
    const start = pair.network.now;
    run(pair, RTT / 2 + 1);
    pair.link.toServer.down = false;
    const acknowledgements = pair.trace.sentBy("client", start).slice(1);
    expect(acknowledgements).toHaveLength(4);
    for (const packet of acknowledgements) expect(sequences(packet)).toHaveLength(1);

    lose(pair, "toClient", [1]);
    const later = pair.network.now;
    pair.client.do((c, now) => c.write(now, octets("b")));
    pair.server.do((c, now) => c.write(now, pair.random.bytes(4 * 1024)));
    run(pair, RTT);
    const nak = pair.trace.sentBy("client", later).find((packet) => kinds(packet).includes("nak"));
    expect(kinds(nak)).toContain("data");
  });

  it("TR-SEND-005 leaves a packet as it is where not everything fits", () => {
    const pair = clean();
    pair.client.do((c, now) => c.write(now, pair.random.bytes(700)));
    run(pair, 10);
    const start = pair.network.now;
    pair.client.do((c, now) => c.write(now, pair.random.bytes(700)));
    expect(sequences(pair.trace.sentBy("client", start)[0])).toHaveLength(1);
  });

  it("TR-SEND-002 does not send again what is acknowledged", () => {
    const pair = clean();
    pair.client.do((c, now) => c.write(now, key));
    run(pair, 1000);
    pair.trace.packets.length = 0;
    pair.client.do((c, now) => c.write(now, key));
    expect(sequences(pair.trace.sentBy("client")[0])).toHaveLength(1);
    run(pair, 10_000);
    expect(pair.client.connection.bufferedAmount).toBe(0);
    expect(pair.trace.sentBy("client").filter((packet) => sequences(packet).length > 0)).toHaveLength(1);
  });

  it("TR-SEND-003 TR-ORDER-002 stops at the window of a program that takes nothing, and goes on when it does", () => {
    const pair = settled({ consume: false });
    const sent = pair.random.bytes(2_000_000);
    pair.server.do((c, now) => c.write(now, sent));
    run(pair, 60_000);
    const held = pair.client.connection.receivedNotConsumed;
    expect(held).toBeLessThanOrEqual(512 * 1024);
    expect(held).toBeGreaterThan(500 * 1024);
    expect(pair.client.connection.counters.framesOutsideWindow).toBe(0);
    expect([...pair.client.connection.counters.dropped]).toEqual([]);
    pair.client.onEvent = (event) => {
      if (event.type === "data") pair.client.do((c, now) => c.consumed(now, event.bytes.length));
    };
    pair.client.do((c, now) => c.consumed(now, held));
    run(pair, 60_000);
    expect(pair.client.received().length).toBe(sent.length + 5);
    expect(pair.server.connection.bufferedAmount).toBe(0);
  });
});

describe("order", () => {
  it("TR-ORDER-001 delivers once and in order what arrives twice and out of order", () => {
    const link = { delay: millis(20), jitter: millis(200), duplication: 0.5 };
    const pair = settled({ link });
    const text = Array.from({ length: 300 }, (_, i) => `${i} `);
    for (const word of text) {
      pair.client.do((c, now) => c.write(now, octets(word)));
      run(pair, 3);
    }
    run(pair, 10_000);
    expect(new TextDecoder().decode(pair.server.received())).toBe(`hello${text.join("")}`);
  });
});

describe("acknowledgements", () => {
  it("TR-ACK-001 lets the acknowledgement of an echo wait for the next key: about two packets a keystroke", () => {
    const pair = clean();
    pair.server.onEvent = (event) => {
      if (event.type === "data") pair.server.do((c, now) => c.write(now, event.bytes));
    };
    for (let i = 0; i < 50; i++) {
      pair.client.do((c, now) => c.write(now, key));
      run(pair, 150);
    }
    expect(pair.trace.packets.length / 50).toBeLessThanOrEqual(2.1);
  });

  it("TR-ACK-001 acknowledges within 100 ms where nothing was lost", () => {
    const pair = clean();
    const start = pair.network.now;
    pair.client.do((c, now) => c.write(now, key));
    run(pair, 1000);
    expect(pair.trace.sentBy("server", start).map((p) => since(start, p))).toEqual([RTT / 2 + 100]);
    expect(pair.trace.sentBy("client", start)).toHaveLength(1);
  });

  it("TR-ACK-001 TR-LOSS-001 acknowledges within 25 ms after a loss on the way", () => {
    const pair = clean();
    lose(pair, "toServer", [0]);
    pair.client.do((c, now) => c.write(now, key));
    run(pair, 3000);
    const start = pair.network.now;
    pair.client.do((c, now) => c.write(now, key));
    run(pair, 1000);
    expect(since(start, pair.trace.sentBy("server", start)[0])).toBe(RTT / 2 + 25);
  });

  it("TR-ACK-002 acknowledges every second full datagram at once", () => {
    const pair = clean();
    const start = pair.network.now;
    pair.server.do((c, now) => c.write(now, pair.random.bytes(8 * 1024)));
    run(pair, RTT / 2 + 1);
    expect(pair.trace.sentBy("client", start)).toHaveLength(4);
  });

  it("TR-ACK-003 acknowledges at once what it had before", () => {
    const pair = clean();
    lose(pair, "toClient", [0]);
    pair.client.do((c, now) => c.write(now, key));
    run(pair, 200);
    const repeated = pair.trace.sentBy("client").at(-1);
    run(pair, 2000);
    const probe = pair.trace
      .sentBy("client")
      .find((p) => p.at > (repeated?.at ?? 0) && sequences(p).length > 0);
    const answer = pair.trace.sentBy("server").find((p) => p.at >= (probe?.at ?? NaN));
    expect(((answer?.at ?? NaN) - (probe?.at ?? NaN)) / 1000).toBe(RTT / 2);
    expect(pair.client.connection.bufferedAmount).toBe(0);
  });

  it("TR-ACK-004 FR-HEARTBEAT-001 PL-BEAT-001 sends nothing but Heartbeats when idle, for an hour", () => {
    const pair = settled();
    const start = seconds(10);
    pair.network.runUntil(seconds(3610));
    for (const role of ["client", "server"] as const) {
      const packets = pair.trace.sentBy(role, start);
      expect(packets.every((packet) => kinds(packet).join() === "heartbeat")).toBe(true);
      expect(packets.length).toBe(1200);
    }
  });
});

describe("naks", () => {
  it("TR-NAK-001 TR-NAK-002 reports a gap that a later packet shows after the reorder delay, and then at intervals", () => {
    const pair = settled();
    const start = pair.network.now;
    lose(pair, "toClient", [0]);
    pair.server.do((c, now) => c.write(now, pair.random.bytes(4000)));
    pair.link.toServer.down = true;
    run(pair, 60_000);
    const naks = pair.trace.sentBy("client", start).filter((packet) => kinds(packet).includes("nak"));
    expect(naks[0]?.payload.frames[0]).toEqual({ kind: "nak", missing: [{ start: 1, end: 2 }] });
    expect(naks.length).toBeLessThanOrEqual(10);
    const first = since(start, naks[0]);
    expect(first).toBeGreaterThanOrEqual(RTT / 2 + 2);
    expect(first).toBeLessThanOrEqual(RTT / 2 + 11);
  });

  it("TR-NAK-002 recovers a lost packet within the reorder delay and a round trip of the next one", () => {
    const pair = settled();
    lose(pair, "toClient", [1]);
    const start = pair.network.now;
    const before = pair.server.connection.counters.framesRetransmitted;
    pair.server.do((c, now) => c.write(now, pair.random.bytes(8000)));
    pair.network.runUntilTrue(() => pair.client.received().length === 8005, seconds(100));
    expect((pair.network.now - start) / 1000).toBeLessThanOrEqual(RTT / 2 + 10 + RTT + 1);
    expect(pair.server.connection.counters.framesRetransmitted - before).toBe(1);
  });

  it("TR-NAK-004 never names what it has", () => {
    const link = { delay: millis(20), jitter: millis(30), loss: 0.2, duplication: 0.1 };
    const pair = settled({ link });
    const had = new Set<number>();
    pair.server.do((c, now) => c.write(now, pair.random.bytes(300_000)));
    run(pair, 30_000);
    let named = 0;
    for (const packet of pair.trace.sentBy("client")) {
      for (let s = 0; s < packet.payload.cumulativeSequence; s++) had.add(s);
      for (const { start, end } of packet.payload.selectiveRanges)
        for (let s = start; s < end; s++) had.add(s);
      for (const frame of packet.payload.frames) {
        if (frame.kind !== "nak") continue;
        for (const { start, end } of frame.missing) {
          for (let s = start; s < end; s++, named++) expect(had.has(s), `names ${s}`).toBe(false);
        }
      }
    }
    expect(named).toBeGreaterThan(20);
    expect(pair.client.received().length).toBe(300_005);
  });
});

describe("probes", () => {
  it("TR-PROBE-001 repeats a lost last packet after SRTT + 20 ms and the peer's delay", () => {
    const pair = clean();
    lose(pair, "toServer", [0]);
    const start = pair.network.now;
    pair.client.do((c, now) => c.write(now, key));
    run(pair, 1000);
    const [first, probe] = pair.trace.sentBy("client", start);
    expect(since(start, first)).toBe(0);
    expect(sequences(probe)).toEqual(sequences(first));
    expect(since(start, probe)).toBeGreaterThanOrEqual(RTT + 120);
    expect(since(start, probe)).toBeLessThanOrEqual(RTT + 125);
    expect(pair.client.connection.counters.probesSent).toBe(1);
  });

  it("TR-PROBE-002 TR-PROBE-004 probes a black hole ever more slowly, never gives up, and TR-PROBE-003 recovers", () => {
    const pair = clean();
    const start = pair.network.now;
    pair.link.down = true;
    pair.client.do((c, now) => c.write(now, octets("typed in a tunnel")));
    const probesBetween = (from: number, to: number): number =>
      pair.trace
        .sentBy("client", start)
        .filter(
          (p) => since(start, p) >= from * 1000 && since(start, p) < to * 1000 && sequences(p).length > 0,
        ).length;
    run(pair, 3_600_000);
    expect(probesBetween(0, 59)).toBeGreaterThan(240);
    const repeated = 3 * 5 * 5;
    expect(probesBetween(0, 59)).toBeLessThanOrEqual(59 * 5 + 1 + repeated);
    expect(probesBetween(6, 59)).toBeLessThanOrEqual(53 * 5 + 1);
    expect(probesBetween(100, 200)).toBeGreaterThan(95);
    expect(probesBetween(100, 200)).toBeLessThanOrEqual(101);
    expect(probesBetween(1000, 1300)).toBeGreaterThan(95);
    expect(probesBetween(1000, 1300)).toBeLessThanOrEqual(101);
    const before = pair.network.now;
    pair.client.do((c, now) => c.write(now, key));
    expect(pair.trace.sentBy("client", before)).toHaveLength(1);
    pair.link.down = false;
    run(pair, 3_000 + RTT + 25);
    expect(new TextDecoder().decode(pair.server.received()).endsWith("typed in a tunnelx")).toBe(true);
    expect(pair.client.connection.bufferedAmount).toBe(0);
  });

  it("TR-PROBE-002 confirms what was typed in a blackout of 20 s within a round trip and 220 ms of its end", () => {
    const pair = clean();
    pair.link.down = true;
    for (let i = 0; i < 40; i++) {
      pair.client.do((c, now) => c.write(now, key));
      run(pair, 500);
    }
    pair.link.down = false;
    const back = pair.network.now;
    pair.network.runUntilTrue(() => pair.client.connection.bufferedAmount === 0, seconds(1000));
    expect((pair.network.now - back) / 1000).toBeLessThanOrEqual(RTT + 245);
  });
});

describe("windows", () => {
  it("TR-WINDOW-001 announces a window that opened until the peer goes on, whatever is lost", () => {
    const pair = settled({ consume: false });
    pair.server.do((c, now) => c.write(now, pair.random.bytes(1_000_000)));
    run(pair, 30_000);
    pair.trace.packets.length = 0;
    lose(pair, "toServer", [0, 1]);
    const start = pair.network.now;
    pair.client.do((c, now) => c.consumed(now, c.receivedNotConsumed));
    run(pair, 2000);
    const bare = pair.trace.sentBy("client", start).filter((packet) => kinds(packet).length === 0);
    expect(since(start, bare[0])).toBe(0);
    expect(since(start, bare[1])).toBeLessThanOrEqual(RTT + 60);
    expect(pair.client.connection.receivedNotConsumed).toBeGreaterThan(300_000);
  });

  it("TR-WINDOW-001 stops to announce it when the peer goes on", () => {
    const pair = settled({ consume: false });
    pair.server.do((c, now) => c.write(now, pair.random.bytes(512 * 1024)));
    run(pair, 30_000);
    const start = pair.network.now;
    pair.client.do((c, now) => c.consumed(now, c.receivedNotConsumed));
    run(pair, 2_500);
    expect(pair.server.connection.bufferedAmount).toBe(0);
    const bare = pair.trace.sentBy("client", start).filter((packet) => kinds(packet).length === 0);
    expect(bare.map((packet) => since(start, packet)).filter((at) => at > 2 * RTT)).toEqual([]);
  });

  it("TR-WINDOW-002 keeps 16 times 1200 octets in flight at first, and what the path needs later", () => {
    const fast = settled();
    fast.server.do((c, now) => c.write(now, fast.random.bytes(3_000_000)));
    const first = mostInFlight(fast, RTT - 1);
    expect(first).toBeGreaterThanOrEqual(16);
    expect(first).toBeLessThanOrEqual(20);
    expect(mostInFlight(fast, 2_000)).toBeGreaterThan(200);

    const slow = settled({ link: { delay: millis(RTT / 2), rate: 30_000, queue: 1_000_000 } });
    slow.server.do((c, now) => c.write(now, slow.random.bytes(3_000_000)));
    run(slow, 20_000);
    expect(mostInFlight(slow, 5_000)).toBeLessThanOrEqual(6);
    expect((slow.server.connection.rtt?.smoothed ?? 0) / 1000).toBeLessThan(RTT + 100);
  });

  it("TR-WINDOW-002 does not collapse on loss alone", () => {
    const pair = settled({ link: { delay: millis(10), loss: 0.1 } });
    const start = pair.network.now;
    pair.server.do((c, now) => c.write(now, pair.random.bytes(3_000_000)));
    pair.network.runUntilTrue(() => pair.client.octetsReceived === 3_000_005, seconds(100));
    expect((pair.network.now - start) / 1e6).toBeLessThan(1);
  });
});

/** The most that is unacknowledged at any packet of the server, in frames. */
function mostInFlight(pair: Pair, ms: number): number {
  const start = pair.network.now;
  run(pair, ms);
  let acknowledged = 0;
  let most = 0;
  for (const packet of pair.trace.packets) {
    if (packet.to === "server") acknowledged = Math.max(acknowledged, packet.payload.cumulativeSequence);
    else if (packet.at >= start) most = Math.max(most, packet.payload.nextSequence - acknowledged);
  }
  return most;
}
