import { createSocket } from "node:dgram";
import { createServer, type AddressInfo } from "node:net";

/** Inclusive. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

const TRIES = 50;

/** A TCP port that is free, at this moment, on every one of these addresses: of a server and of its relay. */
export async function freeTcpPort(addresses: readonly string[]): Promise<number> {
  const [first = "127.0.0.1", ...others] = addresses;
  for (let tries = 0; tries < TRIES; tries++) {
    const port = await listenTcp(first, 0);
    if (port === undefined) break;
    const elsewhere = await Promise.all(others.map((address) => listenTcp(address, port)));
    if (!elsewhere.includes(undefined)) return port;
  }
  throw new Error(`no free TCP port on ${addresses.join(" and ")}`);
}

/** Below what systems hand out by themselves: nobody else takes a port of this range by chance. */
const FIRST_UDP_PORT = 20_000;
const UDP_PORTS = 10_000;

/** As many UDP ports in a row, between 20000 and 29999, that are free on every one of these addresses. */
export async function freeUdpRange(addresses: readonly string[], count: number): Promise<PortRange> {
  for (let tries = 0; tries < TRIES; tries++) {
    const first = FIRST_UDP_PORT + Math.floor((Math.random() * (UDP_PORTS - count)) / count) * count;
    const ports = Array.from({ length: count }, (_, i) => first + i);
    const free = await Promise.all(
      addresses.flatMap((address) => ports.map((port) => canBindUdp(address, port))),
    );
    if (!free.includes(false)) return { first, last: first + count - 1 };
  }
  throw new Error(`no ${count} free UDP ports between 20000 and 29999 on ${addresses.join(" and ")}`);
}

/** The port, or undefined if it is taken. */
async function listenTcp(host: string, port: number): Promise<number | undefined> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ host, port }, () => {
      const given = (server.address() as AddressInfo).port;
      server.close(() => resolve(given));
    });
  });
}

async function canBindUdp(address: string, port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.once("error", () => resolve(false));
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}
