import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { NEVER, type Machine, type Output } from "libmoshpit/util";
import { DATAGRAMS_A_TURN, Driver } from "./driver.js";

/** Has so many datagrams to send. */
class Flood implements Machine<string> {
  left: number;
  handled = 0;

  constructor(left: number) {
    this.left = left;
  }

  pollOutput(): Output<string> {
    if (this.left === 0) return { kind: "timeout", at: NEVER };
    this.left -= 1;
    return { kind: "transmit", path: undefined, bytes: Uint8Array.of(this.left) };
  }

  handleTimeout(): void {
    this.handled += 1;
  }
}

function drive(machine: Flood, name: string, sent: string[]): Driver<string> {
  return new Driver<string>(machine, { transmit: () => void sent.push(name), event: () => undefined });
}

describe("Driver", () => {
  it("sends a bounded number of datagrams in a turn, and lets others have theirs in between", async () => {
    const sent: string[] = [];
    const driver = drive(new Flood(5 * DATAGRAMS_A_TURN), "bulk", sent);
    driver.run(() => undefined);
    expect(sent).toHaveLength(DATAGRAMS_A_TURN);
    driver.run(() => undefined);
    expect(sent).toHaveLength(DATAGRAMS_A_TURN);
    drive(new Flood(1), "key", sent).run(() => undefined);
    expect(sent.indexOf("key")).toBe(DATAGRAMS_A_TURN);
    for (let turns = 1; sent.length < 5 * DATAGRAMS_A_TURN + 1; turns++) {
      expect(turns).toBeLessThanOrEqual(10);
      const before = sent.length;
      await nextTurn();
      expect(sent.length - before).toBeLessThanOrEqual(DATAGRAMS_A_TURN);
    }
  });

  it("sends nothing more once it is stopped", async () => {
    const sent: string[] = [];
    const driver = drive(new Flood(100), "bulk", sent);
    driver.run(() => undefined);
    driver.stop();
    await nextTurn();
    await nextTurn();
    expect(sent).toHaveLength(DATAGRAMS_A_TURN);
  });
});
