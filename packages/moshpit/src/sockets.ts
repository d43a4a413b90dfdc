import { pathOf, UdpClient, type Address } from "libmoshpit-node/net";

/** What the system says where there is no route, no address to send from, or no network. */
const NO_WAY = ["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "ENETDOWN"];

/**
 * The UDP sockets of a session, one for each of its connections: a new connection may need another address family, and
 * a new port of this machine is one that no NAT on the way has wrong ideas about.
 */
export class Sockets {
  readonly #received: (path: string, bytes: Uint8Array) => void;
  readonly #unreachable: () => void;
  readonly #open = new Map<string, { readonly socket: UdpClient; readonly server: string }>();
  #count = 0;

  /** `unreachable`: the system has no way to the server of a socket. */
  constructor(received: (path: string, bytes: Uint8Array) => void, unreachable: () => void) {
    this.#received = received;
    this.#unreachable = unreachable;
  }

  /** Opens a socket to that server; the path that is the two together. Throws what `bind` throws. */
  async open({ address, family }: Address, port: number): Promise<string> {
    const path = `${pathOf(address, port)} #${++this.#count}`;
    const socket = await UdpClient.open(
      family,
      (_from, bytes) => this.#received(path, bytes),
      (code) => {
        if (NO_WAY.includes(code)) this.#unreachable();
      },
    );
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
