import type { Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { createUdpSocket, UdpSocket } from "./udp-socket.js";

/** UDP ports, both ends included. */
export interface UdpPortRange {
  readonly first: number;
  readonly last: number;
}

/** Every port of the range is taken. */
export class NoUdpPortError extends Error {
  override readonly name = "NoUdpPortError";
}

/** What the kernel is asked for, in turn, in octets. */
const SOCKET_BUFFERS: readonly number[] = [4 << 20, 1 << 20, 1 << 18];

/** A session host's UDP socket: one port for all its sessions. */
export class UdpServer extends UdpSocket {
  readonly port: number;

  private constructor(socket: Socket, port: number, received: (path: string, bytes: Uint8Array) => void) {
    super(socket, received);
    this.port = port;
  }

  /**
   * Binds a free port of the range: `start` first, then the following ones, then those before it. `::` takes IPv4 too.
   * Throws `NoUdpPortError`, or what `bind` throws for other reasons (no such address …).
   */
  static async open(
    address: string,
    range: UdpPortRange,
    start: number,
    received: (path: string, bytes: Uint8Array) => void,
  ): Promise<UdpServer> {
    for (const port of portsFrom(range, start)) {
      const socket = await tryBind(address, port);
      if (socket === undefined) continue;
      growBuffers(socket);
      return new UdpServer(socket, port, received);
    }
    throw new NoUdpPortError(`no free UDP port from ${range.first} to ${range.last} on ${address}`);
  }
}

/** Every port of the range once, `start` first. */
export function* portsFrom({ first, last }: UdpPortRange, start: number): Generator<number> {
  const count = last - first + 1;
  for (let i = 0; i < count; i++) yield first + ((start - first + i) % count);
}

async function tryBind(address: string, port: number): Promise<Socket | undefined> {
  const socket = createUdpSocket(isIPv6(address) ? 6 : 4);
  return await new Promise((resolve, reject) => {
    socket.once("error", (error: NodeJS.ErrnoException) => {
      socket.close();
      // EACCES: a port that this user may not bind, one of many.
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(undefined);
      else reject(error);
    });
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

function growBuffers(socket: Socket): void {
  grow((octets) => socket.setRecvBufferSize(octets));
  grow((octets) => socket.setSendBufferSize(octets));
}

/** Linux gives what it may; others refuse what is too much. */
function grow(set: (octets: number) => void): void {
  for (const octets of SOCKET_BUFFERS) {
    try {
      set(octets);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_SOCKET_BUFFER_SIZE") throw error;
    }
  }
}
