import { createSocket, type RemoteInfo, type Socket as UdpSocket } from "node:dgram";
import { connect, createServer, type Server, type Socket } from "node:net";
import { DelayLine } from "./delay-line.js";
import { LinkDirection, seededRandom, type Random } from "./link.js";
import type { LinkProfile } from "./profiles.js";

export interface RelayOptions {
  /** Where clients come; the ports are those of the server. */
  readonly listenAddress: string;
  readonly serverAddress: string;
  readonly tcpPort: number;
  /** Inclusive. */
  readonly udpPorts: { readonly first: number; readonly last: number };
  readonly profile: LinkProfile;
  /** The same seed makes the same losses for the same datagrams. */
  readonly seed: number;
}

/** What a relay did with datagrams, both directions together. */
export interface RelayCounters {
  readonly received: number;
  readonly delivered: number;
  readonly lost: number;
}

/** One client address at one port of the server. */
interface Flow {
  readonly upstream: UdpSocket;
  readonly client: RemoteInfo;
  readonly downstream: UdpSocket;
}

/**
 * A bad network between a client and a server on one machine, without rights: listens on another loopback address at
 * the server's own ports. Datagrams are delayed, lost, repeated and reordered; the TCP handshake is delayed, its
 * connection by one round trip more, as a network's would be.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #random: Random;
  readonly #up: LinkDirection;
  readonly #down: LinkDirection;
  readonly #line: DelayLine<() => void> = new DelayLine((deliver) => deliver());
  readonly #listeners: UdpSocket[] = [];
  readonly #flows = new Map<string, Flow>();
  readonly #connections = new Set<Socket>();
  #tcp: Server | undefined;
  #profile: LinkProfile;
  #blackout = false;
  #received = 0;
  #delivered = 0;
  #lost = 0;
  readonly #started = performance.now();

  private constructor(options: RelayOptions) {
    this.#options = options;
    this.#profile = options.profile;
    this.#random = seededRandom(options.seed);
    this.#up = new LinkDirection(options.profile.up, this.#random);
    this.#down = new LinkDirection(options.profile.down, this.#random);
  }

  /** Listens on every port, or throws what a socket threw, with none left open. */
  static async start(options: RelayOptions): Promise<Relay> {
    const relay = new Relay(options);
    try {
      await relay.#listenTcp();
      for (let port = options.udpPorts.first; port <= options.udpPorts.last; port++)
        await relay.#listenUdp(port);
    } catch (error) {
      await relay.stop();
      throw error;
    }
    return relay;
  }

  get counters(): RelayCounters {
    return { received: this.#received, delivered: this.#delivered, lost: this.#lost };
  }

  /** From now on; what is under way keeps its moment. */
  setProfile(profile: LinkProfile): void {
    this.#profile = profile;
    this.#up.profile = profile.up;
    this.#down.profile = profile.down;
  }

  /** While true no datagram passes, either way. */
  setBlackout(on: boolean): void {
    this.#blackout = on;
  }

  /** From now on the server sees the clients' datagrams come from other ports, as after a change of network. */
  roam(): void {
    for (const flow of this.#flows.values()) flow.upstream.close();
    this.#flows.clear();
  }

  async stop(): Promise<void> {
    this.#line.clear();
    this.roam();
    for (const socket of this.#listeners.splice(0)) socket.close();
    for (const socket of this.#connections) socket.destroy();
    const tcp = this.#tcp;
    this.#tcp = undefined;
    if (tcp?.listening === true) await new Promise<void>((resolve) => tcp.close(() => resolve()));
  }

  async #listenUdp(port: number): Promise<void> {
    const socket = createSocket("udp4");
    this.#listeners.push(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind({ address: this.#options.listenAddress, port, exclusive: true }, () => {
        socket.off("error", reject);
        socket.on("error", () => this.#lost++);
        resolve();
      });
    });
    socket.on("message", (bytes, client) => {
      this.#pass(this.#up, bytes, () => {
        const flow = this.#flowOf(socket, port, client);
        this.#send(flow.upstream, bytes, port, this.#options.serverAddress);
      });
    });
  }

  #flowOf(downstream: UdpSocket, port: number, client: RemoteInfo): Flow {
    const key = `${client.address} ${client.port} ${port}`;
    let flow = this.#flows.get(key);
    if (flow === undefined) {
      const upstream = createSocket("udp4");
      const made: Flow = { upstream, client, downstream };
      upstream.on("error", () => this.#lost++);
      upstream.on("message", (bytes) => {
        this.#pass(this.#down, bytes, () => this.#send(downstream, bytes, client.port, client.address));
      });
      this.#flows.set(key, made);
      flow = made;
    }
    return flow;
  }

  #pass(direction: LinkDirection, bytes: Uint8Array, deliver: () => void): void {
    this.#received++;
    const now = performance.now();
    const arrivals = direction.datagram(now, bytes.length);
    if (arrivals.length === 0 || this.#isDark(now)) {
      this.#lost++;
      return;
    }
    for (const at of arrivals) {
      this.#line.insert(at, () => {
        this.#delivered++;
        deliver();
      });
    }
  }

  #isDark(now: number): boolean {
    const { blackout } = this.#profile;
    if (this.#blackout || blackout === undefined) return this.#blackout;
    return (now - this.#started) % blackout.everyMs >= blackout.everyMs - blackout.forMs;
  }

  #send(socket: UdpSocket, bytes: Uint8Array, port: number, address: string): void {
    // A datagram may come out of the line after its flow was closed by roaming: lost, as on a real network.
    if (!this.#isOpen(socket)) {
      this.#lost++;
      return;
    }
    socket.send(bytes, port, address, (error) => {
      if (error !== null) this.#lost++;
    });
  }

  #isOpen(socket: UdpSocket): boolean {
    if (this.#listeners.includes(socket)) return true;
    for (const flow of this.#flows.values()) if (flow.upstream === socket) return true;
    return false;
  }

  async #listenTcp(): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#relayTcp(client));
    this.#tcp = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#options.tcpPort, this.#options.listenAddress, () => {
        server.off("error", reject);
        resolve();
      });
    });
  }

  #relayTcp(client: Socket): void {
    const { serverAddress, tcpPort } = this.#options;
    const server = connect({ host: serverAddress, port: tcpPort, allowHalfOpen: true, noDelay: true });
    // On loopback connecting takes no time; on this link it takes a round trip.
    const usable = performance.now() + this.#profile.up.delayMs + this.#profile.down.delayMs;
    this.#relayStream(client, server, this.#up, usable);
    this.#relayStream(server, client, this.#down, usable);
  }

  #relayStream(from: Socket, to: Socket, direction: LinkDirection, notBefore: number): void {
    this.#connections.add(from);
    const arrival = (octets: number): number =>
      direction.stream(Math.max(performance.now(), notBefore), octets);
    from.on("data", (bytes) =>
      this.#line.insert(arrival(bytes.length), () => void (to.destroyed || to.write(bytes))),
    );
    from.on("end", () => this.#line.insert(arrival(0), () => void (to.destroyed || to.end())));
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.#connections.delete(from);
      if (from.errored !== null) to.destroy();
    });
  }
}
