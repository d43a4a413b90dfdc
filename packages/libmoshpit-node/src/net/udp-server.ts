import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { pathOf } from "./udp-client.js";

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
export class UdpServer {
  readonly port: number;
  readonly #socket: Socket;
  readonly #addresses = new Map<string, { readonly address: string; readonly port: number }>();
  #sendFailures = 0;
  #lastFailure: string | undefined;
  #open = true;

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.port = port;
  }

  /**
   * Binds a free port of the range: `start` first, then the following ones, then those before it. `::` takes IPv4 too.
   * Throws `NoUdpPortError`, or what `bind` throws for other reasons (no such address …).
   */
  static async bind(
    address: string,
    range: UdpPortRange,
    start: number,
    received: (path: string, bytes: Uint8Array) => void,
  ): Promise<UdpServer> {
    for (const port of portsFrom(range, start)) {
      const socket = await tryBind(address, port);
      if (socket === undefined) continue;
      const server = new UdpServer(socket, port);
      socket.on("error", (error: NodeJS.ErrnoException) => server.#failed(error));
      socket.on("message", (bytes, from) => received(pathOf(from.address, from.port), bytes));
      growBuffers(socket);
      return server;
    }
    throw new NoUdpPortError(`no free UDP port from ${range.first} to ${range.last} on ${address}`);
  }

  /** Sends one datagram, or counts why it could not leave. */
  send(path: string, bytes: Uint8Array): void {
    if (!this.#open) return;
    const { address, port } = this.#addressOf(path);
    this.#socket.send(bytes, port, address, (error) => {
      if (error !== null) this.#failed(error);
    });
  }

  /** Datagrams that could not leave, and why the last could not (`ENETUNREACH` …). */
  get failures(): { readonly count: number; readonly last: string | undefined } {
    return { count: this.#sendFailures, last: this.#lastFailure };
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.close();
  }

  #failed(error: NodeJS.ErrnoException): void {
    this.#sendFailures++;
    this.#lastFailure = error.code ?? error.message;
  }

  #addressOf(path: string): { readonly address: string; readonly port: number } {
    let known = this.#addresses.get(path);
    if (known === undefined) {
      // Clients come and go on new ports; only those that are sent to now are worth remembering.
      if (this.#addresses.size >= MAX_ADDRESSES) this.#addresses.clear();
      const space = path.lastIndexOf(" ");
      known = { address: path.slice(0, space), port: Number(path.slice(space + 1)) };
      this.#addresses.set(path, known);
    }
    return known;
  }
}

const MAX_ADDRESSES = 1_000;

/** Every port of the range once, `start` first. */
export function* portsFrom({ first, last }: UdpPortRange, start: number): Generator<number> {
  const count = last - first + 1;
  for (let i = 0; i < count; i++) yield first + ((start - first + i) % count);
}

async function tryBind(address: string, port: number): Promise<Socket | undefined> {
  const family = isIPv6(address) ? 6 : 4;
  const socket = createSocket({
    type: family === 6 ? "udp6" : "udp4",
    // Only addresses come here, and a lookup would cost each datagram a turn of the event loop.
    lookup: (host, _options, done) => done(null, host, family),
  });
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
