import { connect, createServer, type Server, type Socket } from "node:net";
import type { Way } from "./cut.js";

export interface StreamRelayConfig {
  readonly listenAddress: string;
  readonly serverAddress: string;
  readonly port: number;
  /** How long the link takes to connect; milliseconds. */
  readonly connectMs: () => number;
  /** When octets come out that go in at `from`; milliseconds of `performance.now()`. */
  readonly arrival: (way: Way, from: number, octets: number) => number;
  /** Calls `deliver` at that time. */
  readonly later: (at: number, deliver: () => void) => void;
  readonly isCut: (way: Way) => boolean;
}

/** What waits for the link. */
interface Held {
  readonly ways: readonly Way[];
  readonly deliver: () => void;
}

/** TCP connections between clients and a server. A cut link loses nothing of them: it waits. */
export class StreamRelay {
  readonly #config: StreamRelayConfig;
  readonly #sockets = new Set<Socket>();
  #held: Held[] = [];
  #server: Server | undefined;

  constructor(config: StreamRelayConfig) {
    this.#config = config;
  }

  /** Throws what `listen` throws. */
  async listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#config.port, this.#config.listenAddress, () => {
        server.off("error", reject);
        resolve();
      });
    });
  }

  /** The link is another: what can pass now passes, in its order. */
  cutChanged(): void {
    const held = this.#held;
    this.#held = [];
    for (const { ways, deliver } of held) this.#whenOpen(ways, deliver);
  }

  async close(): Promise<void> {
    this.#held = [];
    for (const socket of this.#sockets) socket.destroy();
    const server = this.#server;
    this.#server = undefined;
    if (server?.listening === true) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    this.#watch(client);
    this.#whenOpen(["up", "down"], () => {
      // A client that gave up meanwhile never reached the server.
      if (!client.destroyed) this.#join(client);
    });
  }

  #join(client: Socket): void {
    const { serverAddress: host, port, connectMs } = this.#config;
    const server = connect({ host, port, allowHalfOpen: true, noDelay: true });
    this.#watch(server);
    // On loopback connecting takes no time; on this link it takes a round trip.
    const usable = performance.now() + connectMs();
    this.#pipe(client, server, "up", usable);
    this.#pipe(server, client, "down", usable);
  }

  #watch(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
  }

  #pipe(from: Socket, to: Socket, way: Way, notBefore: number): void {
    const { arrival, later } = this.#config;
    const pass = (octets: number, deliver: () => void): void =>
      later(arrival(way, Math.max(performance.now(), notBefore), octets), () =>
        this.#whenOpen([way], () => void (to.destroyed || deliver())),
      );
    from.on("data", (bytes) => pass(bytes.length, () => to.write(bytes)));
    from.on("end", () => pass(0, () => to.end()));
    from.on("error", () => to.destroy());
  }

  #whenOpen(ways: readonly Way[], deliver: () => void): void {
    if (ways.some((way) => this.#config.isCut(way))) this.#held.push({ ways, deliver });
    else deliver();
  }
}
