import { pathOf, UdpClient, type Address } from "libmoshpit-node/net";

/**
 * The UDP sockets of a session, one for each of its connections: a new connection may need another address family, and
 * a new port of this machine is one that no NAT on the way has wrong ideas about.
 */
export class Sockets {
  readonly #received: (path: string, bytes: Uint8Array) => void;
  readonly #open = new Map<string, { readonly socket: UdpClient; readonly server: string }>();
  #count = 0;

  constructor(received: (path: string, bytes: Uint8Array) => void) {
    this.#received = received;
  }

  /** Opens a socket to that server; the path that is the two together. Throws what `bind` throws. */
  async open({ address, family }: Address, port: number): Promise<string> {
    const path = `${pathOf(address, port)} #${++this.#count}`;
    const socket = await UdpClient.open(family, (_from, bytes) => this.#received(path, bytes));
    this.#open.set(path, { socket, server: pathOf(address, port) });
    return path;
  }

  send(path: string, bytes: Uint8Array): void {
    const { socket, server } = this.#open.get(path) ?? {};
    if (socket !== undefined && server !== undefined) socket.send(server, bytes);
  }

  /** Closes all but those. */
  keepOnly(paths: readonly string[]): void {
    for (const [path, { socket }] of this.#open) {
      if (paths.includes(path)) continue;
      socket.close();
      this.#open.delete(path);
    }
  }
}
