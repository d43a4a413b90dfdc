import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Address } from "./resolve.js";
import { dial, DialError, type DialOptions } from "./tcp-client.js";

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(host: string): Promise<number> {
  const server = createServer((socket) => socket.end());
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

const four = (address: string): Address => ({ address, family: 4 });
const six = (address: string): Address => ({ address, family: 6 });

/** Dials loopback for real; addresses of 192.0.2.0/24 never answer. */
const partlySilent: NonNullable<DialOptions["connect"]> = (options) =>
  options.host.startsWith("192.0.2.") ? new Socket() : connect(options);

describe("dial", () => {
  it("reaches the only address", async () => {
    const port = await listen("127.0.0.1");
    const { socket, address } = await dial([four("127.0.0.1")], { port, timeoutMs: 5_000 });
    expect(address).toEqual(four("127.0.0.1"));
    socket.destroy();
  });

  it("reaches IPv6", async () => {
    const port = await listen("::1");
    const { socket, address } = await dial([six("::1")], { port, timeoutMs: 5_000 });
    expect(address).toEqual(six("::1"));
    socket.destroy();
  });

  it("goes on at once when an address refuses", async () => {
    const port = await listen("127.0.0.1");
    const options = { port, timeoutMs: 5_000, staggerMs: 1_000_000 };
    const { socket, address } = await dial([four("127.0.0.9"), four("127.0.0.1")], options);
    expect(address.address).toBe("127.0.0.1");
    socket.destroy();
  });

  it("goes on after a while when an address is silent, and drops the silent one", async () => {
    const port = await listen("127.0.0.1");
    const made: Socket[] = [];
    const { socket, address } = await dial([four("192.0.2.1"), four("127.0.0.1")], {
      port,
      timeoutMs: 5_000,
      staggerMs: 10,
      connect: (options) => {
        const attempt = partlySilent(options);
        made.push(attempt);
        return attempt;
      },
    });
    expect(address.address).toBe("127.0.0.1");
    expect(made.map((attempt) => attempt.destroyed)).toEqual([true, false]);
    socket.destroy();
  });

  it("keeps a slow first attempt that answers after the second was started", async () => {
    const port = await listen("127.0.0.1");
    const { socket, address } = await dial([four("127.0.0.1"), four("192.0.2.1")], {
      port,
      timeoutMs: 5_000,
      staggerMs: 10,
      connect: (options) => {
        if (options.host !== "127.0.0.1") return partlySilent(options);
        const slow = new Socket();
        setTimeout(() => slow.connect(port, "127.0.0.1"), 60);
        return slow;
      },
    });
    expect(address.address).toBe("127.0.0.1");
    socket.destroy();
  });

  it("tells how each attempt ended, and the most telling of them", async () => {
    const port = await listen("127.0.0.1");
    const error: unknown = await dial([four("192.0.2.1"), four("127.0.0.9")], {
      port,
      timeoutMs: 50,
      staggerMs: 5,
      connect: partlySilent,
    }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DialError);
    expect(error).toMatchObject({
      code: "ECONNREFUSED",
      attempts: [
        { address: "127.0.0.9", code: "ECONNREFUSED" },
        { address: "192.0.2.1", code: "ETIMEDOUT" },
      ],
    });
  });

  it("ends when told to", async () => {
    const abort = new AbortController();
    const reason = new Error("enough");
    const dialled = dial([four("192.0.2.1")], {
      port: 1,
      timeoutMs: 60_000,
      signal: abort.signal,
      connect: partlySilent,
    });
    abort.abort(reason);
    await expect(dialled).rejects.toBe(reason);
    await expect(
      dial([four("192.0.2.1")], { port: 1, timeoutMs: 60_000, signal: abort.signal }),
    ).rejects.toBe(reason);
  });
});
