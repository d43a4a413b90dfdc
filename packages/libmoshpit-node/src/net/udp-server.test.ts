import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { listenTcp, endpointText, plainAddress, NoUdpPortError, portsFrom, UdpServer } from "./index.js";

describe("portsFrom", () => {
  it("gives every port once, from the start and around", () => {
    expect([...portsFrom({ first: 10, last: 14 }, 12)]).toEqual([12, 13, 14, 10, 11]);
    expect([...portsFrom({ first: 10, last: 10 }, 10)]).toEqual([10]);
  });
});

/** A taken port, and a following one that is free right now. */
async function taken(address = "127.0.0.1"): Promise<{ socket: Socket; port: number }> {
  for (;;) {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.bind(0, address);
    await once(socket, "listening");
    const { port } = socket.address();
    const next = createSocket("udp4");
    next.bind(port + 1, address);
    const free = await Promise.race([
      once(next, "listening").then(() => true),
      once(next, "error").then(() => false),
    ]);
    next.close();
    if (free) return { socket, port };
    socket.close();
  }
}

describe("UdpServer", () => {
  it("takes the next port where one is taken", async () => {
    const { socket, port } = await taken();
    const server = await UdpServer.open("127.0.0.1", { first: port, last: port + 1 }, port, () => undefined);
    expect(server.port).toBe(port + 1);
    server.close();
    socket.close();
  });

  it("says when no port is free", async () => {
    const { socket, port } = await taken();
    const range = { first: port, last: port };
    await expect(UdpServer.open("127.0.0.1", range, port, () => undefined)).rejects.toThrow(NoUdpPortError);
    socket.close();
  });

  it("passes on that there is no such address", async () => {
    const range = { first: 50_000, last: 50_100 };
    await expect(UdpServer.open("192.0.2.1", range, 50_000, () => undefined)).rejects.toMatchObject({
      code: "EADDRNOTAVAIL",
    });
  });

  it.each([
    ["127.0.0.1", "127.0.0.1", "udp4"],
    ["0.0.0.0", "127.0.0.1", "udp4"],
    ["::1", "::1", "udp6"],
    ["::", "::1", "udp6"],
    ["::", "127.0.0.1", "udp4"],
  ] as const)("bound to %s, answers %s", async (bound, from, type) => {
    const range = { first: 30_000, last: 49_999 };
    const server: UdpServer = await UdpServer.open(
      bound,
      range,
      30_000 + Math.floor(Math.random() * 19_000),
      (path, bytes) => server.send(path, bytes),
    );
    const client = createSocket(type);
    client.send(Buffer.from("ping"), server.port, from);
    const [answer, sender] = (await once(client, "message")) as [Buffer, { port: number }];
    expect(answer.toString()).toBe("ping");
    expect(sender.port).toBe(server.port);
    client.close();
    server.close();
  });

  it("counts what can not leave", async () => {
    const range = { first: 30_000, last: 49_999 };
    const server = await UdpServer.open("127.0.0.1", range, 31_000, () => undefined);
    server.send("127.0.0.1 9", new Uint8Array(70_000));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.failures).toEqual({ count: 1, last: "EMSGSIZE" });
    server.close();
    server.send("127.0.0.1 9", new Uint8Array(1));
  });
});

describe("listenTcp", () => {
  const ignore = { connection: () => undefined, trouble: () => undefined };

  it("tells the port that it got, and that one is taken", async () => {
    const server = await listenTcp("127.0.0.1", 0, ignore);
    expect(server.port).toBeGreaterThan(0);
    await expect(listenTcp("127.0.0.1", server.port, ignore)).rejects.toMatchObject({ code: "EADDRINUSE" });
    server.close();
  });
});

describe("addresses", () => {
  it("are written as one dials them", () => {
    expect(endpointText("::ffff:10.0.0.1", 1)).toBe("10.0.0.1:1");
    expect(endpointText("fe80::1", 2)).toBe("[fe80::1]:2");
    expect(plainAddress("::ffff:10.0.0.1")).toBe("10.0.0.1");
    expect(plainAddress("::1")).toBe("::1");
  });
});
