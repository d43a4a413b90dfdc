import { createSocket } from "node:dgram";
import { describe, expect, it } from "vitest";
import { UdpClient } from "./udp-client.js";
import { pathOf } from "./udp-socket.js";

describe("UdpClient", () => {
  it.each([
    ["udp4", 4, "127.0.0.1"],
    ["udp6", 6, "::1"],
  ] as const)("sends and receives over %s", async (type, family, address) => {
    const echo = createSocket(type);
    echo.on("message", (bytes, from) => echo.send(bytes, from.port, from.address));
    await new Promise<void>((resolve) => echo.bind(0, address, resolve));
    const path = pathOf(address, echo.address().port);
    const received = await new Promise<[string, string]>((resolve, reject) => {
      UdpClient.open(family, (from, bytes) => {
        resolve([from, Buffer.from(bytes).toString()]);
      }).then((client) => {
        client.send(path, Buffer.from("hello"));
        setTimeout(() => client.close(), 200).unref();
      }, reject);
    });
    expect(received).toEqual([path, "hello"]);
    echo.close();
  });

  it("counts what could not leave and goes on", async () => {
    const codes: string[] = [];
    const client = await UdpClient.open(
      4,
      () => undefined,
      (code) => codes.push(code),
    );
    client.send(pathOf("127.0.0.1", 9), new Uint8Array(70_000));
    while (client.failures.count === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(client.failures).toEqual({ count: 1, last: "EMSGSIZE" });
    client.close();
    client.close();
    client.send(pathOf("127.0.0.1", 9), new Uint8Array(1));
    expect(client.failures.count).toBe(1);
    expect(codes).toEqual(["EMSGSIZE"]);
  });
});
