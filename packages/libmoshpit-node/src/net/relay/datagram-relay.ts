import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { Way } from "./cut.js";

export interface DatagramRelayConfig {
  readonly listenAddress: string;
  readonly serverAddress: string;
  /** A datagram came: when it is to go on, if it is, `deliver` is to be called. */
  readonly pass: (way: Way, bytes: Uint8Array, deliver: () => void) => void;
  /** A datagram could not leave. */
  readonly lost: () => void;
}

/** One client address at one port of the server. */
interface Flow {
  readonly upstream: Socket;
  stranded: boolean;
}

/** Datagrams between clients and a server: each client at each port has a socket of its own towards the server. */
export class DatagramRelay {
  readonly #config: DatagramRelayConfig;
  readonly #listeners: Socket[] = [];
  readonly #flows = new Map<string, Flow>();
  readonly #open = new Set<Socket>();
  #from: string | undefined;

  constructor(config: DatagramRelayConfig) {
    this.#config = config;
  }

  /** Throws what `bind` throws. */
  async listen(port: number): Promise<void> {
    const { listenAddress: address, pass, lost } = this.#config;
    const socket = this.#socketFor(address);
    this.#listeners.push(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind({ address, port, exclusive: true }, () => {
        socket.off("error", reject);
        socket.on("error", lost);
        resolve();
      });
    });
    socket.on("message", (bytes, client) => {
      pass("up", bytes, () => {
        const flow = this.#flowOf(socket, port, client);
        if (flow.stranded) lost();
        else this.#send(flow.upstream, bytes, port, this.#config.serverAddress);
      });
    });
  }

  /** From now on the server sees the clients' datagrams come from other ports, and from `address` if there is one. */
  roam(address: string | undefined): void {
    this.#from = address ?? this.#from;
    for (const [key, flow] of this.#flows) {
      if (flow.stranded) continue;
      this.#close(flow.upstream);
      this.#flows.delete(key);
    }
  }

  /** The flows of now pass nothing any more. */
  strand(): void {
    for (const flow of this.#flows.values()) {
      flow.stranded = true;
      this.#close(flow.upstream);
    }
  }

  close(): void {
    for (const socket of [...this.#listeners, ...this.#open]) this.#close(socket);
    this.#flows.clear();
  }

  #flowOf(downstream: Socket, port: number, client: RemoteInfo): Flow {
    const key = `${client.address} ${client.port} ${port}`;
    const known = this.#flows.get(key);
    if (known !== undefined) return known;
    const { serverAddress, pass, lost } = this.#config;
    const upstream = this.#socketFor(serverAddress);
    upstream.on("error", lost);
    upstream.on("message", (bytes) => {
      pass("down", bytes, () => this.#send(downstream, bytes, client.port, client.address));
    });
    if (this.#from !== undefined) upstream.bind({ address: this.#from });
    const flow = { upstream, stranded: false };
    this.#flows.set(key, flow);
    return flow;
  }

  #send(socket: Socket, bytes: Uint8Array, port: number, address: string): void {
    // A datagram may be due after its flow was closed by roaming: lost, as on a real network.
    if (!this.#open.has(socket)) {
      this.#config.lost();
      return;
    }
    socket.send(bytes, port, address, (error) => {
      if (error !== null) this.#config.lost();
    });
  }

  #socketFor(address: string): Socket {
    const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
    this.#open.add(socket);
    return socket;
  }

  #close(socket: Socket): void {
    if (this.#open.delete(socket)) socket.close();
  }
}
