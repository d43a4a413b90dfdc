import { describe, expect, it } from "vitest";
import type { SessionEvent } from "libmoshpit/session";
import { equalBytes, millis, seconds, UsageError } from "libmoshpit/util";
import { Pair, type PairOptions, type Side } from "./pair.js";
import type { TracedPacket } from "./trace.js";

const octets = (text: string): Uint8Array => new TextEncoder().encode(text);
const key = octets("x");
const kinds = (packet: TracedPacket | undefined): string[] =>
  (packet?.payload.frames ?? []).map((f) => f.kind);
const run = (pair: Pair, ms: number): void => pair.network.runUntil(millis(pair.network.now / 1000 + ms));

/** A pair before its first packet arrives. */
function fresh(options: Partial<PairOptions> = {}): Pair {
  return new Pair({ seed: 11, link: { delay: millis(50) }, trace: true, ...options });
}

/** A pair that has validated its path. */
function settled(options: Partial<PairOptions> = {}): Pair {
  const pair = fresh(options);
  pair.network.runUntil(seconds(2));
  pair.trace.packets.length = 0;
  return pair;
}

const last = (side: Side): SessionEvent | undefined => side.events.at(-1)?.event;

describe("the path", () => {
  it("PL-PATH-001 follows the newest authentic packet", () => {
    const pair = settled();
    pair.client.host.address = "client-b";
    pair.client.do((c, now) => c.write(now, key));
    run(pair, 51);
    expect(last(pair.server)).toEqual({ type: "data", bytes: key, standardError: false });
    expect(pair.server.of("path")).toEqual([{ type: "path", path: "client-b" }]);
    pair.server.do((c, now) => c.write(now, octets("here")));
    run(pair, 51);
    expect(new TextDecoder().decode(pair.client.received())).toBe("here");
  });

  it("PL-PATH-001 does not move for a replay, a forgery or a packet that was overtaken", () => {
    const pair = settled();
    pair.client.do((c, now) => c.write(now, key));
    pair.link.toServer.down = true;
    pair.client.do((c, now) => c.write(now, octets("overtaken")));
    pair.link.toServer.down = false;
    pair.client.do((c, now) => c.write(now, octets("newest")));
    run(pair, 60);
    const [replayed, overtaken] = pair.trace.sentBy("client").map((packet) => packet.bytes);
    const forged = overtaken!.slice();
    forged[16] = forged[16]! + 9;
    for (const bytes of [replayed!, forged, overtaken!, new Uint8Array(0)]) {
      pair.network.deliver("server-side-attacker", "server", bytes);
    }
    pair.trace.packets.length = 0;
    pair.server.do((c, now) => c.write(now, octets("still to the client")));
    run(pair, 5_000);
    expect(pair.server.of("path")).toEqual([]);
    expect(new Set(pair.trace.sentBy("server").map((packet) => packet.to))).toEqual(new Set(["client"]));
  });

  it("PL-PATH-002 sends no more than three times what came until the path is validated", () => {
    const pair = fresh();
    pair.link.toClient.down = true;
    pair.server.do((c, now) => c.write(now, new Uint8Array(200_000)));
    run(pair, 20_000);
    let received = 0;
    let sent = 0;
    for (const packet of pair.trace.packets) {
      if (packet.to === "server") received += packet.at <= pair.network.now - 50_000 ? packet.octets : 0;
      else sent += packet.octets;
      expect(sent).toBeLessThanOrEqual(3 * received);
    }
    expect(sent).toBeGreaterThan(2 * 1200);
  });

  it("PL-PATH-003 FR-CHALLENGE-001 challenges a new path, and the former one too", () => {
    const pair = settled();
    pair.client.host.address = "client-b";
    pair.client.do((c, now) => c.write(now, key));
    run(pair, 150);
    const challenges = pair.trace.sentBy("server").filter((packet) => kinds(packet).includes("challenge"));
    expect(challenges.map((packet) => packet.to).sort()).toEqual(["client", "client-b"]);
    const responses = pair.trace.sentBy("client").filter((p) => kinds(p).includes("challenge-response"));
    expect(responses).toHaveLength(1);
    const token = challenges
      .find((packet) => packet.to === "client-b")!
      .payload.frames.find((frame) => frame.kind === "challenge")!;
    expect(responses[0]!.payload.frames[0]).toEqual({ ...token, kind: "challenge-response" });
    run(pair, 20_000);
    expect(pair.trace.sentBy("server").filter((p) => kinds(p).includes("challenge"))).toHaveLength(2);
  });

  it("PL-PATH-003 repeats a Challenge that got lost, and comes back to a client that did not move", () => {
    const pair = settled();
    pair.client.do((c, now) => c.write(now, octets("a")));
    const stolen = pair.trace.sentBy("client")[0]!.bytes;
    pair.network.deliver("spoofed", "server", stolen);
    expect(pair.server.of("path")).toEqual([{ type: "path", path: "spoofed" }]);
    run(pair, 5_000);
    expect(pair.server.of("path").map((event) => event.path)).toEqual(["spoofed", "client"]);
    const toSpoofed = pair.trace.sentBy("server").filter((packet) => packet.to === "spoofed");
    expect(toSpoofed.reduce((sum, packet) => sum + packet.octets, 0)).toBeLessThanOrEqual(3 * stolen.length);

    pair.link.toClient.down = true;
    pair.client.host.address = "client-c";
    pair.client.do((c, now) => c.write(now, new Uint8Array(1000)));
    run(pair, 3_000);
    const challenges = pair.trace
      .sentBy("server")
      .filter((p) => p.to === "client-c" && kinds(p).includes("challenge"));
    expect(challenges.length).toBeGreaterThan(2);
  });

  it("PL-PATH-004 pads the first packets and the first after a sleep, and no other", () => {
    const pair = fresh();
    run(pair, 20_000);
    pair.client.do((c, now) => c.write(now, key));
    const before = pair.trace.sentBy("client");
    expect(before[0]?.octets).toBe(1200);
    expect(before.slice(1).every((packet) => packet.octets < 200)).toBe(true);
    const asleep = settled();
    asleep.network.at(seconds(2), () => undefined);
    const connection = asleep.client.connection;
    connection.handleTimeout(seconds(100));
    let woken: Uint8Array | undefined;
    for (let output = connection.pollOutput(); output.kind !== "timeout"; output = connection.pollOutput()) {
      if (output.kind === "transmit") woken ??= output.bytes;
    }
    expect(woken?.length).toBe(1200);
  });
});

describe("the beginning", () => {
  it("PL-LIFE-001 begins with the client, which repeats until it hears the server", () => {
    const pair = fresh({ link: { loss: 1 } });
    run(pair, 10_000);
    expect(pair.trace.sentBy("server")).toHaveLength(0);
    const times = pair.trace.sentBy("client").map((packet) => packet.at / 1000);
    expect(times.slice(0, 6)).toEqual([0, 200, 600, 1400, 3000, 6000]);
    pair.link.conditions = { delay: millis(50) };
    run(pair, 5_000);
    expect(pair.client.types).toEqual(["established"]);
    expect(pair.server.types).toEqual(["established"]);
  });

  it("PL-LIFE-002 ends where nothing authentic comes", () => {
    const pair = fresh({ link: { loss: 1 }, server: { firstDatagram: seconds(30) } });
    pair.network.runUntil(millis(29_999));
    pair.network.deliver("client", "server", new Uint8Array(1200));
    expect(pair.server.types).toEqual([]);
    pair.network.runUntil(seconds(31));
    expect(pair.server.events).toEqual([
      { at: seconds(30), event: { type: "closed", cause: "no-first-datagram" } },
    ]);
  });

  it("PL-LIFE-002 stays where the first packet comes in time", () => {
    const pair = fresh({ server: { firstDatagram: seconds(30) } });
    pair.network.runUntil(seconds(100));
    expect(pair.server.types).toEqual(["established"]);
  });

  it("PL-LIFE-003 ends after the lifetime of a silent client, and not before", () => {
    const pair = fresh({ server: { detachedLifetime: seconds(600) } });
    pair.network.runUntil(seconds(1000));
    expect(pair.server.types).toEqual(["established"]);
    pair.link.down = true;
    pair.network.runUntil(seconds(1590));
    expect(pair.server.types).toEqual(["established"]);
    pair.network.runUntil(seconds(1601));
    expect(pair.server.types).toEqual(["established", "closed"]);
    expect(last(pair.server)).toEqual({ type: "closed", cause: "detached-too-long" });
  });
});

describe("silence", () => {
  it("PL-SILENCE-001 lets a server that heard nothing for 60 s only answer, and goes on when it hears", () => {
    const pair = settled();
    pair.link.down = true;
    const start = pair.network.now;
    pair.server.do((c, now) => c.write(now, octets("waiting")));
    run(pair, 3_600_000);
    expect(pair.trace.sentBy("server").at(-1)!.at - start).toBeLessThanOrEqual(60_000_000);
    const silent = pair.network.now;
    pair.server.do((c, now) => c.write(now, octets(" long")));
    run(pair, 100_000);
    expect(pair.trace.sentBy("server", silent)).toHaveLength(0);
    pair.link.down = false;
    run(pair, 3_200);
    expect(new TextDecoder().decode(pair.client.received())).toBe("waiting long");
  });
});

describe("the end", () => {
  it("PL-CLOSE-001 FR-CLOSE-002 delivers everything before the Close, then the exit status", () => {
    const pair = settled({ link: { delay: millis(20), loss: 0.3 } });
    const sent = pair.random.bytes(100_000);
    pair.server.do((c, now) => {
      c.write(now, sent);
      c.write(now, octets("error"), { standardError: true });
      c.end(now);
      c.close(now, { reason: "exited", exit: { signal: 9 }, text: "killed" });
    });
    run(pair, 60_000);
    expect(equalBytes(pair.client.received(), sent)).toBe(true);
    expect(new TextDecoder().decode(pair.client.received(true))).toBe("error");
    expect(pair.client.types.slice(-3)).toEqual(["end", "close", "closed"]);
    expect(pair.client.of("close")).toEqual([
      { type: "close", reason: "exited", exit: { signal: 9 }, text: "killed" },
    ]);
    expect(last(pair.server)).toEqual({ type: "closed", cause: "local-close-acknowledged" });
  });

  it("PL-CLOSE-001 FR-CLOSE-001 refuses calls after this side's Close", () => {
    const pair = settled();
    pair.client.do((c, now) => c.close(now, { reason: "quit" }));
    expect(() => pair.client.do((c, now) => c.write(now, key))).toThrow(UsageError);
    expect(() => pair.client.do((c, now) => c.close(now, { reason: "quit" }))).toThrow(UsageError);
    run(pair, 1000);
    expect(pair.client.types).toEqual(["established", "closed"]);
    pair.client.do((c, now) => c.write(now, key));
    expect(pair.server.types).toEqual(["established", "close", "closed"]);
    pair.server.do((c, now) => c.write(now, key));
  });

  it("PL-CLOSE-002 gives up a Close without an answer: the client after 10 s, the server after an hour", () => {
    const pair = settled();
    pair.link.down = true;
    const start = pair.network.now;
    for (const side of [pair.client, pair.server]) side.do((c, now) => c.close(now, { reason: "quit" }));
    run(pair, 4_000_000);
    const ends = [pair.client, pair.server].map((side) => side.events.at(-1)!);
    expect(ends.map(({ event }) => event)).toEqual([
      { type: "closed", cause: "local-close-unanswered" },
      { type: "closed", cause: "local-close-unanswered" },
    ]);
    expect(ends.map(({ at }) => (at - start) / 1e6)).toEqual([10, 3600]);
  });

  it("PL-CLOSE-002 keeps the exit status for a client that comes back in time", () => {
    const pair = settled();
    pair.link.down = true;
    pair.server.do((c, now) => c.close(now, { reason: "exited", exit: { code: 3 } }));
    run(pair, 1_800_000);
    pair.link.down = false;
    run(pair, 5_000);
    expect(pair.client.of("close")).toEqual([{ type: "close", reason: "exited", exit: { code: 3 } }]);
    expect(last(pair.server)).toEqual({ type: "closed", cause: "local-close-acknowledged" });
  });

  it("PL-CLOSE-003 acknowledges repetitions of a Close on a path that loses packets", () => {
    let done = 0;
    for (let seed = 0; seed < 40; seed++) {
      const pair = fresh({ seed, link: { delay: millis(20), loss: 0.3 } });
      for (let i = 0; i < 60; i++) {
        pair.client.do((c, now) => c.write(now, key));
        run(pair, 100);
      }
      pair.server.do((c, now) => c.close(now, { reason: "exited", exit: { code: 0 } }));
      run(pair, 10_000);
      expect(pair.client.types.slice(-2)).toEqual(["close", "closed"]);
      if (pair.server.closed) done += 1;
    }
    expect(done).toBe(40);
  });

  it("PL-CLOSE-003 is over at once where nothing is lost, after three acknowledgements", () => {
    const pair = settled();
    pair.server.do((c, now) => c.close(now, { reason: "exited", exit: { code: 0 } }));
    const start = pair.network.now;
    run(pair, 200);
    expect(pair.client.events.at(-1)).toEqual({
      at: millis(start / 1000 + 50),
      event: { type: "closed", cause: "peer-close" },
    });
    expect(pair.trace.sentBy("client", start)).toHaveLength(3);
  });

  it("ends both sides that close at the same time", () => {
    const pair = settled();
    pair.client.do((c, now) => c.close(now, { reason: "quit" }));
    pair.server.do((c, now) => c.close(now, { reason: "exited", exit: { code: 0 } }));
    run(pair, 10_000);
    expect(pair.client.closed && pair.server.closed).toBe(true);
  });

  it("is silent once abandoned", () => {
    const pair = settled();
    pair.client.do((c, now) => {
      c.write(now, key);
      c.abandon(now);
    });
    run(pair, 10_000);
    expect(pair.trace.sentBy("client")).toHaveLength(0);
    expect(pair.client.types).toEqual(["established"]);
  });
});
