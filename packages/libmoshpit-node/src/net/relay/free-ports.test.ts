import { createSocket } from "node:dgram";
import { describe, expect, it } from "vitest";
import { freeTcpPort, freeUdpRange } from "./free-ports.js";
import { link } from "./profiles.js";
import { Relay } from "./relay.js";

describe("free ports", () => {
  it("are free for a relay and its server", async () => {
    const addresses = ["127.0.0.1", "127.0.0.2"];
    const [tcpPort, udpPorts] = [await freeTcpPort(addresses), await freeUdpRange(addresses, 4)];
    expect(udpPorts.last - udpPorts.first).toBe(3);
    const options = { serverAddress: "127.0.0.1", tcpPort, udpPorts, profile: link("", {}), seed: 1 };
    for (const listenAddress of addresses) await (await Relay.start({ ...options, listenAddress })).stop();
  });

  it("are not those that somebody has", async () => {
    const blocker = createSocket("udp4");
    await new Promise<void>((resolve) => blocker.bind(0, "127.0.0.1", resolve));
    for (let i = 0; i < 20; i++) {
      const { first, last } = await freeUdpRange(["127.0.0.1"], 100);
      const { port } = blocker.address();
      expect(port >= first && port <= last).toBe(false);
    }
    blocker.close();
  });
});
