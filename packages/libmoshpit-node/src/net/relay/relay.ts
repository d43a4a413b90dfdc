import { ALL, isCut, type Cut, type Way } from "./cut.js";
import { DatagramRelay } from "./datagram-relay.js";
import { DelayLine } from "./delay-line.js";
import { LinkDirection, seededRandom } from "./link.js";
import type { LinkProfile } from "./profiles.js";
import { StreamRelay } from "./stream-relay.js";

export interface RelayOptions {
  /** Where clients come, IPv4 or IPv6; the ports are those of the server. */
  readonly listenAddress: string;
  /** IPv4 or IPv6, whatever the clients use. */
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

/**
 * A bad network between a client and a server on one machine, without rights: listens on another loopback address at
 * the server's own ports. Datagrams are delayed, lost, repeated and reordered; the TCP handshake is delayed, its
 * connection by one round trip more, as a network's would be. While it runs it can be cut, stalled and healed, and the
 * clients be made to come from elsewhere.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #directions: Readonly<Record<Way, LinkDirection>>;
  readonly #line: DelayLine<() => void> = new DelayLine((deliver) => deliver());
  readonly #datagrams: DatagramRelay;
  readonly #streams: StreamRelay;
  #profile: LinkProfile;
  #cut: Cut = {};
  /** What came while the link stood still. */
  #stalled: (() => void)[] | undefined;
  #received = 0;
  #delivered = 0;
  #lost = 0;
  readonly #started = performance.now();

  private constructor(options: RelayOptions) {
    const { listenAddress, serverAddress, tcpPort, profile, seed } = options;
    const random = seededRandom(seed);
    this.#options = options;
    this.#profile = profile;
    this.#directions = {
      up: new LinkDirection(profile.up, random),
      down: new LinkDirection(profile.down, random),
    };
    this.#datagrams = new DatagramRelay({
      listenAddress,
      serverAddress,
      pass: (way, bytes, deliver) => this.#pass(way, bytes, deliver),
      lost: () => this.#lost++,
    });
    this.#streams = new StreamRelay({
      listenAddress,
      serverAddress,
      port: tcpPort,
      connectMs: () => this.#profile.up.delayMs + this.#profile.down.delayMs,
      arrival: (way, from, octets) => this.#directions[way].stream(from, octets),
      later: (at, deliver) => this.#line.insert(at, deliver),
      isCut: (way) => this.#stalled !== undefined || isCut(this.#cut.tcp, way),
    });
  }

  /** Listens on every port, or throws what a socket threw, with none left open. */
  static async start(options: RelayOptions): Promise<Relay> {
    const relay = new Relay(options);
    try {
      await relay.#streams.listen();
      for (let port = options.udpPorts.first; port <= options.udpPorts.last; port++)
        await relay.#datagrams.listen(port);
    } catch (error) {
      await relay.stop();
      throw error;
    }
    return relay;
  }

  /** Where clients come. */
  get address(): string {
    return this.#options.listenAddress;
  }

  get counters(): RelayCounters {
    return { received: this.#received, delivered: this.#delivered, lost: this.#lost };
  }

  /** From now on; what is under way keeps its moment. */
  setProfile(profile: LinkProfile): void {
    this.#profile = profile;
    this.#directions.up.profile = profile.up;
    this.#directions.down.profile = profile.down;
  }

  /** From now on exactly this does not pass, without an argument nothing does. Datagrams under way arrive. */
  cut(what: Cut = ALL): void {
    this.#cut = what;
    this.#streams.cutChanged();
  }

  /** Everything passes again, and what a stall kept back comes out at once. */
  heal(): void {
    const stalled = this.#stalled ?? [];
    this.#stalled = undefined;
    this.cut({});
    for (const enter of stalled) enter();
  }

  /**
   * From now on nothing passes and nothing is lost, until `heal`: as where a radio link comes back and sends all that it
   * kept, or a machine in between goes on after it stood still.
   */
  stall(): void {
    this.#stalled ??= [];
  }

  /** While true no datagram passes, either way; TCP does. */
  setBlackout(on: boolean): void {
    this.cut(on ? { udp: "both" } : {});
  }

  /**
   * From now on the server sees the clients' datagrams come from other ports, as after a change of network or when a
   * translator of addresses forgot them; and from `address`, one of this machine, if there is one.
   */
  roam(address?: string): void {
    this.#datagrams.roam(address);
  }

  /**
   * The flows of now, each from one port of a client to one of the server, pass no datagram ever again, as behind a
   * firewall that lost its state: only a client that comes from another port gets through. TCP is not affected.
   */
  strand(): void {
    this.#datagrams.strand();
  }

  async stop(): Promise<void> {
    this.#line.clear();
    this.#stalled = undefined;
    this.#datagrams.close();
    await this.#streams.close();
  }

  #pass(way: Way, bytes: Uint8Array, deliver: () => void): void {
    this.#received++;
    this.#enter(way, bytes.length, deliver);
  }

  #enter(way: Way, octets: number, deliver: () => void): void {
    if (this.#stalled !== undefined) {
      this.#stalled.push(() => this.#enter(way, octets, deliver));
      return;
    }
    const now = performance.now();
    const arrivals = this.#directions[way].datagram(now, octets);
    if (arrivals.length === 0 || isCut(this.#cut.udp, way) || this.#isDark(now)) {
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

  /** The blackouts that belong to the link. */
  #isDark(now: number): boolean {
    const { blackout } = this.#profile;
    if (blackout === undefined) return false;
    return (now - this.#started) % blackout.everyMs >= blackout.everyMs - blackout.forMs;
  }
}
