import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WakeWatch } from "./wake.js";

describe("WakeWatch", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("tells of a sleep, and of nothing else", () => {
    const woke = vi.fn();
    let wall = 1_000_000;
    const watch = new WakeWatch(woke, () => wall);
    const tick = (passed: number): void => {
      wall += passed;
      vi.advanceTimersByTime(1_000);
      vi.advanceTimersByTime(100);
    };
    for (const passed of [1_000, 1_500, 2_900, 1_000, -3_600_000, 1_000]) tick(passed);
    expect(woke).toHaveBeenCalledTimes(0);
    tick(60_000);
    expect(woke).toHaveBeenCalledTimes(1);
    tick(1_000);
    expect(woke).toHaveBeenCalledTimes(1);
    watch.stop();
    tick(60_000);
    expect(woke).toHaveBeenCalledTimes(1);
  });
});

/** More than a socket gives in one turn of the event loop. */
const WAITING = 150;

describe("WakeWatch of a process that was stopped", () => {
  it("tells of it after what waited in a socket was read", async () => {
    const order: string[] = [];
    const socket = createSocket("udp4");
    socket.on("message", () => order.push("datagram"));
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    let wall = 0;
    let told = (): void => undefined;
    const woke = new Promise<void>((resolve) => (told = resolve));
    const watch = new WakeWatch(
      () => {
        order.push("woke");
        told();
      },
      () => wall,
    );
    for (let i = 0; i < WAITING; i++) socket.send("heartbeat", socket.address().port, "127.0.0.1");
    wall = 60_000;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_200);
    await woke;
    watch.stop();
    socket.close();
    expect(order).toEqual([...Array<string>(WAITING).fill("datagram"), "woke"]);
  });
});
