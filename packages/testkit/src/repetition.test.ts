import { describe, expect, it } from "vitest";
import { millis, type Micros } from "libmoshpit/util";
import type { LinkConditions } from "./link.js";
import { Pair } from "./pair.js";
import type { TracedPacket } from "./trace.js";

const RTT = 100;
const key = new TextEncoder().encode("x");
const run = (pair: Pair, ms: number): void => pair.network.runUntil(millis(pair.network.now / 1000 + ms));
const isReliable = (packet: TracedPacket): boolean =>
  packet.payload.frames.some((frame) => "sequence" in frame);

/** A pair that has typed for a minute on a link with that loss, and now loses nothing and is silent. */
function used(loss: number, conditions: LinkConditions = {}): Pair {
  const link = { delay: millis(RTT / 2), loss, ...conditions };
  const pair = new Pair({ seed: 4, link, trace: true });
  for (let i = 0; i < 400; i++) {
    for (const side of [pair.client, pair.server]) side.do((c, now) => c.write(now, key));
    run(pair, 150);
  }
  pair.link.conditions = { ...link, loss: 0 };
  run(pair, 2_000);
  pair.trace.packets.length = 0;
  return pair;
}

/** When a role sent reliable frames, in milliseconds from `start`. */
function times(pair: Pair, role: "client" | "server", start: Micros): number[] {
  return pair.trace
    .sentBy(role, start)
    .filter(isReliable)
    .map((packet) => (packet.at - start) / 1000);
}

function typeOne(pair: Pair, side: "client" | "server"): number[] {
  const start = pair.network.now;
  pair[side].do((c, now) => c.write(now, key));
  run(pair, 1000);
  return times(pair, side, start);
}

describe("repetition", () => {
  it("TR-REPEAT-001 TR-LOSS-001 repeats a key and an echo as the measured loss says", () => {
    for (const side of ["client", "server"] as const) {
      expect(typeOne(used(0), side)).toEqual([0]);
      expect(typeOne(used(0.06), side)).toEqual([0, 5]);
      expect(typeOne(used(0.14), side)).toEqual([0, 5, 20]);
      expect(typeOne(used(0.35), side)).toEqual([0, 4, 12, 40]);
    }
  });

  it("TR-REPEAT-001 assumes 10 % before 20 packets were counted", () => {
    const pair = new Pair({ seed: 1, link: { delay: millis(RTT / 2) }, trace: true });
    run(pair, 1000);
    expect(typeOne(pair, "client")).toEqual([0, 5, 20]);
  });

  it("TR-REPEAT-001 repeats every key that is unacknowledged, and begins anew with the next", () => {
    const pair = used(0.35);
    const start = pair.network.now;
    pair.client.do((c, now) => c.write(now, key));
    run(pair, 10);
    pair.client.do((c, now) => c.write(now, key));
    run(pair, 1000);
    const sent = pair.trace.sentBy("client", start).filter(isReliable);
    expect(sent.map((packet) => (packet.at - start) / 1000)).toEqual([0, 4, 10, 14, 22, 50]);
    expect(sent.map((packet) => packet.payload.frames.length)).toEqual([1, 1, 2, 2, 2, 2]);
  });

  it("TR-REPEAT-002 ends with the acknowledgement", () => {
    const pair = used(0.35, { delay: millis(4) });
    pair.server.onEvent = (event) => {
      if (event.type === "data") pair.server.do((c, now) => c.write(now, event.bytes));
    };
    expect(typeOne(pair, "client")).toEqual([0, 4]);
  });

  it("TR-REPEAT-002 repeats nothing of what does not fit one packet", () => {
    const pair = used(0.35);
    const start = pair.network.now;
    pair.server.do((c, now) => c.write(now, key));
    run(pair, 1);
    pair.server.do((c, now) => c.write(now, pair.random.bytes(3000)));
    run(pair, RTT - 2);
    expect(times(pair, "server", start)).toEqual([0, 1, 1, 1]);
  });

  it("TR-REPEAT-003 stays within its budget however fast somebody types", () => {
    const pair = used(0.35);
    pair.link.conditions = { delay: millis(RTT / 2), loss: 0.35 };
    run(pair, 10_000);
    const start = pair.network.now;
    const probes = pair.client.connection.counters.probesSent;
    for (let i = 0; i < 1000; i++) {
      pair.client.do((c, now) => c.write(now, key));
      run(pair, 30);
    }
    expect(pair.client.connection.counters.probesSent).toBe(probes);
    const sent = pair.trace.sentBy("client", start);
    const repeated = sent.filter(
      (packet, i) => packet.payload.nextSequence === sent[i - 1]?.payload.nextSequence,
    );
    const octets = repeated.reduce((sum, packet) => sum + packet.octets, 0);
    const most = 2000 + 4000 * 30;
    expect(octets).toBeGreaterThan(0.9 * most);
    expect(octets).toBeLessThanOrEqual(most);
  });

  it("TR-ACK-003 answers a key that comes four times once", () => {
    const pair = used(0.35);
    pair.server.onEvent = (event) => {
      if (event.type === "data") pair.server.do((c, now) => c.write(now, event.bytes));
    };
    const start = pair.network.now;
    typeOne(pair, "client");
    expect(times(pair, "server", start)).toEqual([50, 54, 62, 90]);
    expect(pair.trace.sentBy("server", start)).toHaveLength(4);
    expect(pair.trace.sentBy("client", start).filter((packet) => !isReliable(packet))).toHaveLength(1);
  });

  it("TR-PROBE-005 TR-REPEAT-004 probes twice where packets are lost, and repeats a probe where none are", () => {
    for (const [loss, gaps] of [
      [0.35, [6]],
      [0, [4, 12, 40]],
    ] as const) {
      const pair = used(loss);
      const start = pair.network.now;
      pair.link.toServer.down = true;
      pair.client.do((c, now) => c.write(now, key));
      run(pair, 300);
      const first = loss === 0 ? 1 : 4;
      const probes = times(pair, "client", start).slice(first);
      expect(probes.slice(1).map((at) => at - (probes[0] ?? NaN))).toEqual(gaps);
      expect(pair.client.connection.counters.probesSent).toBeGreaterThanOrEqual(loss === 0 ? 1 : 2);
    }
  });

  it("TR-REPEAT-004 counts a way that acknowledges nothing as bad, for 5 s after the peer was heard", () => {
    const pair = used(0);
    pair.link.toServer.down = true;
    const start = pair.network.now;
    pair.client.do((c, now) => c.write(now, key));
    run(pair, 1_000);
    const typed = pair.network.now;
    pair.client.do((c, now) => c.write(now, key));
    run(pair, 50);
    expect(times(pair, "client", typed)).toEqual([0, 4, 12, 40]);
    pair.link.toClient.down = true;
    run(pair, 20_000);
    const later = times(pair, "client", start).filter((at) => at > 10_000);
    expect(later.length).toBeLessThanOrEqual(5 * 11 + 1);
  });

  it("TR-LOSS-002 forgets the loss of a path that the client left, on both sides", () => {
    const pair = used(0);
    expect(typeOne(pair, "client")).toEqual([0]);
    pair.client.host.address = "client-b";
    expect(typeOne(pair, "client")).toEqual([0]);
    expect(typeOne(pair, "server")).toEqual([0, 5, 20]);
    expect(typeOne(pair, "client")).toEqual([0, 5, 20]);
  });

  it("TR-PROBE-005 does not probe twice what was acknowledged meanwhile", () => {
    const pair = used(0.35, { delay: millis(2) });
    pair.server.onEvent = (event) => {
      if (event.type === "data") pair.server.do((c, now) => c.write(now, event.bytes));
    };
    const start = pair.network.now;
    pair.link.toServer.down = true;
    pair.client.do((c, now) => c.write(now, key));
    run(pair, 50);
    pair.link.toServer.down = false;
    run(pair, 1000);
    expect(times(pair, "client", start).filter((at) => at > 50)).toHaveLength(1);
    expect(pair.client.connection.bufferedAmount).toBe(0);
  });
});
