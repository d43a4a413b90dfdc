import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { createServer, connect, type AddressInfo, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { link, type LinkProfile } from "./profiles.js";
import { Relay } from "./relay.js";

const closing: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server on 127.0.0.1 that echoes, over TCP and over UDP; the ports that the system gave. */
async function echoServer(): Promise<{ tcpPort: number; udpPort: number; clients: string[] }> {
  const tcp: Server = createServer((socket) => socket.pipe(socket));
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
  return { tcpPort: (tcp.address() as AddressInfo).port, udpPort: udp.address().port, clients };
}

async function relayTo(server: { tcpPort: number; udpPort: number }, profile: LinkProfile): Promise<Relay> {
  const relay = await Relay.start({
    listenAddress: "127.0.0.2",
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
async function client(port: number): Promise<{ send(text: string): void; received: string[] }> {
  const socket = createSocket("udp4");
  const received: string[] = [];
  socket.on("message", (bytes) => received.push(bytes.toString()));
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  closing.push(() => void socket.close());
  return { send: (text) => socket.send(text, port, "127.0.0.2"), received };
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
