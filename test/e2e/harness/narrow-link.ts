import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** Where a link leads to, and what is too large for it. */
export interface NarrowLinkOptions {
  readonly listenAddress: string;
  readonly serverAddress: string;
  readonly tcpPort: number;
  readonly udpPorts: { readonly first: number; readonly last: number };
  /** Datagrams to the client with more octets than this are dropped. */
  readonly largestDown: number;
}

/** A link to a server, without loss, that passes no large datagrams to the client: a tunnel with too small an MTU. */
export class NarrowLink {
  dropped = 0;
  /** Octets of the smallest datagram that came from the client. */
  smallestUp: number = Infinity;
  readonly #options: NarrowLinkOptions;
  readonly #sockets: UdpSocket[] = [];
  readonly #streams = new Set<Socket>();
  #server: Server | undefined;

  private constructor(options: NarrowLinkOptions) {
    this.#options = options;
  }

  static async start(options: NarrowLinkOptions): Promise<NarrowLink> {
    const link = new NarrowLink(options);
    await link.#listenTcp();
    for (let port = options.udpPorts.first; port <= options.udpPorts.last; port++)
      await link.#listenUdp(port);
    return link;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.close();
    for (const stream of this.#streams) stream.destroy();
    this.#server?.close();
  }

  async #listenTcp(): Promise<void> {
    const { listenAddress, serverAddress, tcpPort } = this.#options;
    this.#server = createServer((inner) => {
      const outer = connect({ host: serverAddress, port: tcpPort });
      for (const stream of [inner, outer]) {
        this.#streams.add(stream);
        stream.on("error", () => stream.destroy());
        stream.once("close", () => this.#streams.delete(stream));
      }
      inner.pipe(outer).pipe(inner);
    });
    this.#server.listen({ host: listenAddress, port: tcpPort });
    await once(this.#server, "listening");
  }

  async #listenUdp(port: number): Promise<void> {
    const { listenAddress, serverAddress, largestDown } = this.#options;
    const front = createSocket("udp4");
    const back = createSocket("udp4");
    this.#sockets.push(front, back);
    let client: { readonly port: number; readonly address: string } | undefined;
    front.on("message", (bytes, from) => {
      client = from;
      this.smallestUp = Math.min(this.smallestUp, bytes.length);
      back.send(bytes, port, serverAddress);
    });
    back.on("message", (bytes) => {
      if (bytes.length > largestDown) this.dropped += 1;
      else if (client !== undefined) front.send(bytes, client.port, client.address);
    });
    front.bind(port, listenAddress);
    await once(front, "listening");
  }
}
