import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { link, type LinkProfile } from "./profiles.js";
import { Relay } from "./relay.js";

const closing: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server on 127.0.0.1 that echoes, over TCP and over UDP; the ports that the system gave. */
async function echoServer(): Promise<{
  tcpPort: number;
  udpPort: number;
  clients: string[];
  connections: () => number;
}> {
  let connections = 0;
  const tcp: Server = createServer((socket) => {
    connections += 1;
    socket.on("error", () => undefined);
    socket.pipe(socket);
  });
  const udp: UdpSocket = createSocket("udp4");
  const clients: string[] = [];
  udp.on("message", (bytes, from) => {
    clients.push(`${from.address} ${from.port}`);
    udp.send(bytes, from.port, from.address);
  });
  await new Promise<void>((resolve) => tcp.listen(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => udp.bind(0, "127.0.0.1", resolve));
  closing.push(
    () => void tcp.close(),
    () => void udp.close(),
  );
  const tcpPort = (tcp.address() as AddressInfo).port;
  return { tcpPort, udpPort: udp.address().port, clients, connections: () => connections };
}

async function relayTo(
  server: { tcpPort: number; udpPort: number },
  profile: LinkProfile,
  listenAddress = "127.0.0.2",
): Promise<Relay> {
  const relay = await Relay.start({
    listenAddress,
    serverAddress: "127.0.0.1",
    tcpPort: server.tcpPort,
    udpPorts: { first: server.udpPort, last: server.udpPort },
    profile,
    seed: 42,
  });
  closing.push(() => relay.stop());
  return relay;
}

/** Sends datagrams 0, 1, … to the relay, and collects what comes back. */
async function client(
  port: number,
  to = "127.0.0.2",
): Promise<{ send(text: string): void; received: string[] }> {
  const from = to.includes(":") ? "::1" : "127.0.0.1";
  const socket = createSocket(to.includes(":") ? "udp6" : "udp4");
  const received: string[] = [];
  socket.on("message", (bytes) => received.push(bytes.toString()));
  await new Promise<void>((resolve) => socket.bind(0, from, resolve));
  closing.push(() => void socket.close());
  return { send: (text) => socket.send(text, port, to), received };
}

/** A connection through the relay, and what came back over it. */
function stream(port: number): { socket: Socket; received: () => string } {
  const socket = connect({ host: "127.0.0.2", port });
  let received = "";
  socket.setEncoding("utf8").on("data", (text) => (received += String(text)));
  socket.on("error", () => undefined);
  closing.push(() => void socket.destroy());
  return { socket, received: () => received };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe("Relay", () => {
  it("passes datagrams both ways, in order and later", async () => {
    const server = await echoServer();
    await relayTo(server, link("", { delayMs: 30, jitterMs: 10 }));
    const peer = await client(server.udpPort);
    const start = performance.now();
    const sent = Array.from({ length: 20 }, (_, i) => String(i));
    for (const text of sent) peer.send(text);
    await until(() => peer.received.length === 20);
    expect(peer.received).toEqual(sent);
    expect(performance.now() - start).toBeGreaterThanOrEqual(60);
  });

  it("keeps clients apart", async () => {
    const server = await echoServer();
    await relayTo(server, link("", {}));
    const [one, two] = [await client(server.udpPort), await client(server.udpPort)];
    one.send("one");
    two.send("two");
    await until(() => one.received.length + two.received.length === 2);
    expect([one.received, two.received]).toEqual([["one"], ["two"]]);
    expect(new Set(server.clients).size).toBe(2);
  });

  it("counts what it lost, and loses all in a blackout", async () => {
    const server = await echoServer();
    const relay = await relayTo(server, link("", {}));
    const peer = await client(server.udpPort);
    relay.setBlackout(true);
    for (let i = 0; i < 10; i++) peer.send("dark");
    await until(() => relay.counters.received === 10);
    expect(relay.counters).toEqual({ received: 10, delivered: 0, lost: 10 });
    relay.setBlackout(false);
    peer.send("light");
    await until(() => peer.received.length > 0);
    expect(peer.received).toEqual(["light"]);
  });

  it.each([
    ["up", { received: 1, delivered: 0, lost: 1 }],
    ["down", { received: 2, delivered: 1, lost: 1 }],
  ] as const)("cuts datagrams one way, %s", async (way, counters) => {
    const server = await echoServer();
    const relay = await relayTo(server, link("", {}));
    const peer = await client(server.udpPort);
    relay.cut({ udp: way });
    peer.send("cut");
    await until(() => relay.counters.lost === 1);
    expect(relay.counters).toEqual(counters);
    relay.heal();
    peer.send("healed");
    await until(() => peer.received.length > 0);
    expect(peer.received).toEqual(["healed"]);
  });

  it("cuts TCP: connections wait and lose nothing, new ones do not reach the server, datagrams pass", async () => {
    const server = await echoServer();
    const relay = await relayTo(server, link("", {}));
    const old = stream(server.tcpPort);
    old.socket.write("before,");
    await until(() => old.received() === "before,");
    relay.cut({ tcp: "both" });
    old.socket.write("during,");
    const fresh = stream(server.tcpPort);
    fresh.socket.write("new");
    const given = stream(server.tcpPort);
    await until(() => !given.socket.connecting);
    given.socket.resetAndDestroy();
    const peer = await client(server.udpPort);
    peer.send("datagram");
    await until(() => peer.received.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([old.received(), fresh.received(), server.connections()]).toEqual(["before,", "", 1]);
    old.socket.write("and after");
    relay.heal();
    await until(() => old.received() === "before,during,and after" && fresh.received() === "new");
    expect(server.connections()).toBe(2);
  });

  it("cuts everything, and heals", async () => {
    const server = await echoServer();
    const relay = await relayTo(server, link("", {}));
    const peer = await client(server.udpPort);
    relay.cut();
    const fresh = stream(server.tcpPort);
    fresh.socket.write("new");
    peer.send("lost");
    await until(() => relay.counters.lost === 1);
    relay.heal();
    peer.send("kept");
    await until(() => fresh.received() === "new" && peer.received.length === 1);
    expect(peer.received).toEqual(["kept"]);
  });

  it("stalls: nothing passes, nothing is lost, and the order stays", async () => {
    const server = await echoServer();
    const relay = await relayTo(server, link("", {}));
    const peer = await client(server.udpPort);
    const old = stream(server.tcpPort);
    relay.stall();
    for (let i = 0; i < 5; i++) peer.send(String(i));
    old.socket.write("kept");
    await until(() => relay.counters.received === 5);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([peer.received, old.received()]).toEqual([[], ""]);
    relay.heal();
    await until(() => peer.received.length === 5 && old.received() === "kept");
    expect(peer.received).toEqual(["0", "1", "2", "3", "4"]);
  });

  it("makes the client come from another address of this machine", async () => {
    const server = await echoServer();
    const relay = await relayTo(server, link("", {}));
    const peer = await client(server.udpPort);
    for (const address of ["127.0.0.5", "127.0.0.6", undefined]) {
      relay.roam(address);
      peer.send(String(address));
      await until(() => peer.received.includes(String(address)));
    }
    expect(server.clients.map((each) => each.split(" ")[0])).toEqual(["127.0.0.5", "127.0.0.6", "127.0.0.6"]);
    expect(new Set(server.clients).size).toBe(3);
  });

  it("strands the flows of now, for good, and lets a client through that comes from another port", async () => {
    const server = await echoServer();
    const relay = await relayTo(server, link("", {}));
    const peer = await client(server.udpPort);
    peer.send("before");
    await until(() => peer.received.length === 1);
    relay.strand();
    relay.roam();
    relay.heal();
    peer.send("stranded");
    await until(() => relay.counters.lost === 1);
    const other = await client(server.udpPort);
    other.send("other");
    await until(() => other.received.length === 1);
    expect(peer.received).toEqual(["before"]);
  });

  it("takes clients over IPv6 to a server on IPv4", async () => {
    const server = await echoServer();
    await relayTo(server, link("", {}), "::1");
    const peer = await client(server.udpPort, "::1");
    peer.send("six");
    await until(() => peer.received.length === 1);
    const socket = connect({ host: "::1", port: server.tcpPort });
    socket.end("four");
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect([peer.received, Buffer.concat(chunks).toString()]).toEqual([["six"], "four"]);
  });

  it("makes the client come from elsewhere", async () => {
    const server = await echoServer();
    const relay = await relayTo(server, link("", {}));
    const peer = await client(server.udpPort);
    peer.send("here");
    await until(() => peer.received.length === 1);
    relay.roam();
    peer.send("there");
    await until(() => peer.received.length === 2);
    expect(new Set(server.clients).size).toBe(2);
  });

  it("delays a TCP exchange by two round trips, one of them for connecting, and passes its end on", async () => {
    const server = await echoServer();
    await relayTo(server, link("", { delayMs: 20 }));
    const start = performance.now();
    const socket = connect({ host: "127.0.0.2", port: server.tcpPort, allowHalfOpen: true });
    socket.end("hello");
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe("hello");
    expect(performance.now() - start).toBeGreaterThanOrEqual(80);
  });

  it("says so when the server refuses: the client's connection ends", async () => {
    const server = await echoServer();
    for (const close of closing.splice(0)) await close();
    await relayTo(server, link("", {}));
    const socket = connect({ host: "127.0.0.2", port: server.tcpPort });
    await new Promise<void>((resolve) => socket.on("error", () => undefined).once("close", () => resolve()));
  });

  it("leaves no socket open when a port is taken", async () => {
    const server = await echoServer();
    const blocker = createSocket("udp4");
    await new Promise<void>((resolve) => blocker.bind(server.udpPort, "127.0.0.2", resolve));
    await expect(relayTo(server, link("", {}))).rejects.toThrow("EADDRINUSE");
    blocker.close();
    await relayTo(server, link("", {}));
  });
});
