import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CloseReason, WindowSize } from "libmoshpit/wire";
import { concatBytes, equalBytes, millis, seconds, type Micros } from "libmoshpit/util";
import type { LinkConditions } from "./link.js";
import { Pair, type Side } from "./pair.js";
import { SeededRandom } from "./random.js";

// Random networks and random workloads against the laws of the transport. A failure prints fast-check's seed and
// path, which replay it: NETWORKS_SEED=… NETWORKS_PATH=… NETWORKS_RUNS=….

const { NETWORKS_SEED, NETWORKS_PATH, NETWORKS_RUNS } = process.env;
const replay = {
  ...(NETWORKS_SEED !== undefined && { seed: Number(NETWORKS_SEED) }),
  ...(NETWORKS_PATH !== undefined && { path: NETWORKS_PATH }),
};
const RUNS = Number(NETWORKS_RUNS ?? 2_000);

/** A side that hears nothing for this long has filled its window; then it sends so many packets a second at most. */
const BLACK_AFTER = seconds(2);
const MOST_PACKETS_A_SECOND = 300;

const conditions: fc.Arbitrary<LinkConditions> = fc.record(
  {
    delay: fc.integer({ min: 0, max: 300 }).map(millis),
    jitter: fc.integer({ min: 0, max: 150 }).map(millis),
    loss: fc.double({ min: 0, max: 0.5, noNaN: true }),
    burst: fc.record({
      enter: fc.double({ min: 0, max: 0.1, noNaN: true }),
      leave: fc.double({ min: 0.1, max: 1, noNaN: true }),
      loss: fc.double({ min: 0.5, max: 1, noNaN: true }),
    }),
    duplication: fc.double({ min: 0, max: 0.3, noNaN: true }),
    reordering: fc.double({ min: 0, max: 0.3, noNaN: true }),
    reorderDelay: fc.integer({ min: 0, max: 200 }).map(millis),
    rate: fc.integer({ min: 20_000, max: 2_000_000 }),
    queue: fc.integer({ min: 3_000, max: 200_000 }),
  },
  { requiredKeys: [] },
);

type Action =
  | { readonly kind: "write"; readonly octets: number; readonly standardError: boolean }
  | { readonly kind: "resize"; readonly columns: number }
  | { readonly kind: "roam" }
  | { readonly kind: "blackout"; readonly forMs: number };

interface Step {
  readonly afterMs: number;
  readonly by: "client" | "server";
  readonly action: Action;
}

const step: fc.Arbitrary<Step> = fc.record({
  afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 2_000 })),
  by: fc.constantFrom("client", "server"),
  action: fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        kind: fc.constant("write" as const),
        octets: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 40_000 })),
        standardError: fc.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("resize" as const),
        columns: fc.integer({ min: 1, max: 1000 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("roam" as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("blackout" as const),
        forMs: fc.integer({ min: 0, max: 70_000 }),
      }),
    },
  ),
});

const scenario = fc.record({
  seed: fc.nat(),
  link: conditions,
  toClient: conditions,
  steps: fc.array(step, { maxLength: 40 }),
  /** Octets that each application takes every 20 ms; undefined: everything at once. */
  appetite: fc.option(fc.integer({ min: 1, max: 20_000 }), { nil: undefined }),
  closer: fc.constantFrom("client" as const, "server" as const),
  healsBeforeClose: fc.boolean(),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer Value> ? Value : never;

/** What one side sent, so that it can be compared with what the other received. */
class Sent {
  readonly streams: Record<"true" | "false", Uint8Array[]> = { true: [], false: [] };
  readonly resizes: { readonly offset: number; readonly columns: number }[] = [];
  #octets = 0;

  write(bytes: Uint8Array, standardError: boolean): void {
    this.streams[`${standardError}`].push(bytes);
    this.#octets += bytes.length;
  }

  /** On both streams. */
  get octets(): number {
    return this.#octets;
  }

  resize(columns: number): void {
    this.resizes.push({ offset: this.#octets, columns });
  }

  stream(standardError: boolean): Uint8Array {
    return concatBytes(...this.streams[`${standardError}`]);
  }
}

/** The resizes that came out, with the octets of both streams before each. */
function resizesOf(side: Side): { offset: number; columns: number }[] {
  let offset = 0;
  const resizes: { offset: number; columns: number }[] = [];
  for (const { event } of side.events) {
    if (event.type === "data") offset += event.bytes.length;
    if (event.type === "resize") resizes.push({ offset, columns: event.size.columns });
  }
  return resizes;
}

/** Of resizes at the same place only some may be left, the last of them always. */
function expectCoalesced(received: readonly unknown[], sent: Sent["resizes"], complete: boolean): void {
  const kept = received.map((resize) => JSON.stringify(resize));
  let at = 0;
  for (const [i, resize] of sent.entries()) {
    const mayGo = sent[i + 1]?.offset === resize.offset || !complete;
    if (kept[at] === JSON.stringify(resize)) at += 1;
    else expect(mayGo, `resize ${i} is missing`).toBe(true);
  }
  expect(at).toBe(kept.length);
}

/** As toEqual, which takes most of a run's time on long arrays. */
function expectSame(received: Uint8Array, wanted: Uint8Array): void {
  expect(received.length).toBe(wanted.length);
  expect(equalBytes(received, wanted)).toBe(true);
}

const size = (columns: number): WindowSize => ({ columns, rows: 24, pixelWidth: 0, pixelHeight: 0 });

class Run {
  readonly pair: Pair;
  readonly sent = { client: new Sent(), server: new Sent() };
  readonly #random: SeededRandom;
  readonly #numbers = { client: new Set<number>(), server: new Set<number>() };
  readonly #inSecond = new Map<string, { readonly second: number; readonly packets: number }>();
  #downSince: Micros | undefined;
  #addresses = 0;

  constructor({ seed, link, toClient, appetite }: Scenario) {
    this.pair = new Pair({ seed, link, toClient, consume: appetite === undefined });
    this.#random = new SeededRandom(seed + 1);
    this.pair.network.onCarried = ({ from, bytes }) => this.#check(from, bytes);
    if (appetite !== undefined) this.#feed(appetite);
  }

  perform({ by, action }: Step): void {
    const { pair } = this;
    const side = pair[by];
    switch (action.kind) {
      case "write": {
        const standardError = action.standardError && by === "server";
        const bytes = this.#random.bytes(action.octets);
        this.sent[by].write(bytes, standardError);
        return side.do((c, now) => c.write(now, bytes, { standardError }));
      }
      case "resize":
        this.sent[by].resize(action.columns);
        return side.do((c, now) => c.resize(now, size(action.columns)));
      case "roam":
        pair.client.host.address = `client-${++this.#addresses}`;
        return;
      case "blackout":
        pair.link.down = true;
        pair.network.at(millis(pair.network.now / 1000 + action.forMs), () => {
          pair.link.down = false;
        });
        return;
    }
  }

  heal(): void {
    this.pair.link.down = false;
    this.pair.link.conditions = { delay: millis(10) };
  }

  #feed(appetite: number): void {
    const { pair } = this;
    const eat = (): void => {
      for (const side of [pair.client, pair.server]) {
        if (side.closed) continue;
        const octets = Math.min(appetite, side.connection.receivedNotConsumed);
        side.do((c, now) => c.consumed(now, octets));
      }
      pair.network.at(millis(pair.network.now / 1000 + 20), eat);
    };
    eat();
  }

  #check(from: string, bytes: Uint8Array): void {
    if (bytes.length > 1200) throw new Error(`a datagram of ${bytes.length} octets`);
    const numbers = from.startsWith("server") ? this.#numbers.server : this.#numbers.client;
    const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(13);
    if (numbers.has(number)) throw new Error(`packet number ${number} was used twice`);
    numbers.add(number);
    this.#checkPace(from);
  }

  /** Into a black hole only so much goes. */
  #checkPace(from: string): void {
    const { network, link } = this.pair;
    if (!link.toServer.down) this.#downSince = undefined;
    else this.#downSince ??= network.now;
    if (this.#downSince === undefined || network.now - this.#downSince < BLACK_AFTER) return;
    const side = from.startsWith("server") ? "server" : "client";
    const second = Math.floor(network.now / 1_000_000);
    const last = this.#inSecond.get(side);
    const packets = last?.second === second ? last.packets + 1 : 1;
    this.#inSecond.set(side, { second, packets });
    if (packets > MOST_PACKETS_A_SECOND) throw new Error(`${packets} packets in a second of a blackout`);
  }

  /** Neither side holds more than the windows allow. */
  expectBounded(): void {
    for (const side of [this.pair.client, this.pair.server]) {
      expect(side.connection.receivedNotConsumed).toBeLessThanOrEqual(512 * 1024);
      expect(side.connection.counters.framesOutsideWindow).toBe(0);
    }
  }
}

function play(scene: Scenario): void {
  const run = new Run(scene);
  const { pair, sent } = run;
  let at = 0;
  for (const each of scene.steps) {
    at += each.afterMs;
    pair.network.runUntil(millis(at));
    run.perform(each);
    run.expectBounded();
  }
  const limit = seconds(at / 1000 + 7200);
  const [closer, other] = scene.closer === "client" ? [pair.client, pair.server] : [pair.server, pair.client];
  const otherName = scene.closer === "client" ? "server" : "client";
  if (scene.healsBeforeClose) {
    run.heal();
    const settled = (): boolean =>
      pair.server.octetsReceived === sent.client.octets &&
      pair.client.octetsReceived === sent.server.octets &&
      [pair.client, pair.server].every((side) => side.connection.bufferedAmount === 0);
    expect(pair.network.runUntilTrue(settled, limit), "everything arrives once healed").toBe(true);
    if (scene.appetite === undefined) expectIdle(pair);
  }
  const reason: CloseReason = scene.closer === "client" ? "quit" : "exited";
  closer.do((c, now) => c.close(now, { reason }));
  run.heal();
  pair.network.runUntilTrue(() => pair.client.closed && pair.server.closed, limit);

  for (const error of [false, true]) {
    expectSame(other.received(error), sent[scene.closer].stream(error));
    const back = closer.received(error);
    const wanted = sent[otherName].stream(error);
    expectSame(back, scene.healsBeforeClose ? wanted : wanted.subarray(0, back.length));
  }
  expectCoalesced(resizesOf(other), sent[scene.closer].resizes, true);
  expectCoalesced(resizesOf(closer), sent[otherName].resizes, false);
  expect(other.types.slice(-2)).toEqual(["close", "closed"]);
  expect(closer.types.at(-1)).toBe("closed");
  expect(other.types.filter((type) => type === "close")).toHaveLength(1);
  const packets = (): number[] => [closer, other].map((side) => side.connection.counters.packetsSent);
  const [before, events] = [packets(), [closer.types.length, other.types.length]];
  pair.network.runUntil(seconds(pair.network.now / 1e6 + 10));
  expect(packets()).toEqual(before);
  expect([closer.types.length, other.types.length]).toEqual(events);
}

/** Nobody has anything to say: after what is still on its way only Heartbeats leave, one in 3 s. */
function expectIdle({ network, client, server }: Pair): void {
  const sent = (): number[] => [client, server].map((side) => side.connection.counters.packetsSent);
  network.runUntil(millis(network.now / 1000 + 10_000));
  const before = sent();
  network.runUntil(millis(network.now / 1000 + 30_000));
  for (const [i, packets] of sent().entries()) expect(packets - (before[i] ?? 0)).toBeLessThanOrEqual(10);
}

describe("a connection over a random network", () => {
  it("delivers everything exactly once and in order, and closes", { timeout: 400_000 }, () => {
    fc.assert(fc.property(scenario, play), { numRuns: RUNS, ...replay });
  });
});

describe("the simulator", () => {
  it("runs an hour of a session in about a second", () => {
    const before = process.cpuUsage();
    const pair = new Pair({ seed: 1, link: { delay: millis(50), loss: 0.05 } });
    pair.server.onEvent = (event) => {
      if (event.type === "data") pair.server.do((c, now) => c.write(now, event.bytes));
    };
    let typed = 0;
    for (let minute = 0; minute < 60; minute++) {
      for (let i = 0; i < 20; i++, typed++) {
        pair.client.do((c, now) => c.write(now, Uint8Array.of(i)));
        pair.network.runUntil(millis(pair.network.now / 1000 + 150));
      }
      pair.network.runUntil(seconds((minute + 1) * 60));
    }
    expect(pair.client.octetsReceived).toBe(typed);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e6).toBeLessThan(5);
  });
});
