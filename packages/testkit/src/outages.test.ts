import { describe, expect, it } from "vitest";
import { micros, millis, seconds, type Micros } from "libmoshpit/util";
import { Pair } from "./pair.js";
import { SeededRandom } from "./random.js";
import { prose, type Rhythm } from "./typing.js";

// How soon what was typed is confirmed by its echo after an outage, and at a new address. A round trip is 100 ms.

const RTT = 100;
const SEEDS = 40;
/** Ten keys a second, without a thought. */
const fast: Rhythm = () => millis(100);
const RHYTHMS: Readonly<Record<string, Rhythm>> = { prose, fast };
const key = Uint8Array.of(120);

/** A person at a program that echoes; knows when each key was typed and confirmed. */
class Typist {
  readonly pair: Pair;
  readonly typedAt: Micros[] = [];
  readonly confirmedAt: Micros[] = [];

  constructor(seed: number, trace = false) {
    this.pair = new Pair({ seed, link: { delay: millis(RTT / 2) }, trace });
    const { client, server } = this.pair;
    server.onEvent = (event) => {
      if (event.type === "data") server.do((c, now) => c.write(now, event.bytes));
    };
    client.onEvent = (_event, now) => {
      while (this.confirmedAt.length < client.octetsReceived) this.confirmedAt.push(now);
    };
    this.wait(1000);
  }

  type(): void {
    this.typedAt.push(this.pair.network.now);
    this.pair.client.do((c, now) => c.write(now, key));
  }

  typeFor(ms: number, rhythm: Rhythm): void {
    const end = this.pair.network.now + ms * 1000;
    for (;;) {
      this.type();
      const next = micros(this.pair.network.now + rhythm(this.pair.random));
      if (next >= end) return this.pair.network.runUntil(micros(end));
      this.pair.network.runUntil(next);
    }
  }

  wait(ms: number): void {
    this.pair.network.runUntil(millis(this.pair.network.now / 1000 + ms));
  }

  set down(down: boolean) {
    this.pair.link.down = down;
  }

  /** Milliseconds from `start` until everything typed is confirmed. */
  untilConfirmed(start: Micros): number {
    const all = (): boolean => this.confirmedAt.length === this.typedAt.length;
    expect(this.pair.network.runUntilTrue(all, seconds(this.pair.network.now / 1e6 + 60))).toBe(true);
    return (this.pair.network.now - start) / 1000;
  }
}

/** Someone who has typed a while, then types through a blackout of 20 s that ends at a moment of any phase. */
function throughBlackout(seed: number, rhythm: Rhythm): Typist {
  const typist = new Typist(seed);
  typist.typeFor(10_000, rhythm);
  typist.down = true;
  typist.typeFor(20_000, rhythm);
  typist.wait(new SeededRandom(seed).below(250));
  typist.down = false;
  return typist;
}

describe("after a blackout of 20 s", () => {
  it.each(Object.entries(RHYTHMS))(
    "TR-PROBE-002 TR-PROBE-006 confirms %s within a round trip and 220 ms of the link's return",
    (_name, rhythm) => {
      for (let seed = 0; seed < SEEDS; seed++) {
        const typist = throughBlackout(seed, rhythm);
        expect(typist.untilConfirmed(typist.pair.network.now), `seed ${seed}`).toBeLessThanOrEqual(RTT + 220);
      }
    },
  );

  it.each(Object.entries(RHYTHMS))(
    "TR-PROBE-006 confirms %s within a round trip and 20 ms of the next key",
    (_name, rhythm) => {
      for (let seed = 0; seed < SEEDS; seed++) {
        const typist = throughBlackout(seed, rhythm);
        typist.wait(typist.pair.random.below(200));
        const start = typist.pair.network.now;
        typist.type();
        expect(typist.untilConfirmed(start), `seed ${seed}`).toBeLessThanOrEqual(RTT + 20);
      }
    },
  );

  it("TR-PROBE-006 sends a bounded number of packets into it, however fast somebody types", () => {
    const typist = new Typist(1, true);
    typist.typeFor(10_000, fast);
    typist.down = true;
    const start = typist.pair.network.now;
    typist.typeFor(20_000, () => millis(5));
    const sent = typist.pair.trace.sentBy("client", start);
    for (let second = 0; second < 20; second++) {
      const from = start + second * 1e6;
      const packets = sent.filter(({ at }) => at >= from && at < from + 1e6).length;
      expect(packets, `in second ${second}`).toBeLessThanOrEqual(4 * 50 + 200);
    }
    expect(sent.length).toBeGreaterThan(500);
  });
});

describe("after a silent outage", () => {
  it.each([20, 120, 3600])("TR-PROBE-004 confirms a key within 1.2 round trips after %i s", (duration) => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const typist = new Typist(seed);
      typist.typeFor(10_000, prose);
      typist.wait(1000);
      typist.down = true;
      typist.wait(duration * 1000 + new SeededRandom(seed).below(3000));
      typist.down = false;
      const start = typist.pair.network.now;
      typist.type();
      expect(typist.untilConfirmed(start), `seed ${seed}`).toBeLessThanOrEqual(1.2 * RTT);
    }
  });
});

describe("at a new address", () => {
  it.each(Object.entries(RHYTHMS))(
    "PL-PATH-001 confirms the first key of %s within 1.2 round trips",
    (_name, rhythm) => {
      for (let seed = 0; seed < SEEDS; seed++) {
        const typist = new Typist(seed);
        for (let move = 0; move < 5; move++) {
          typist.typeFor(2_000 + typist.pair.random.below(1000), rhythm);
          typist.pair.client.host.address = `client-${move}`;
          typist.wait(typist.pair.random.below(500));
          const start = typist.pair.network.now;
          typist.type();
          expect(typist.untilConfirmed(start), `seed ${seed}, move ${move}`).toBeLessThanOrEqual(1.2 * RTT);
        }
      }
    },
  );
});
