import type { CryptoProvider, Entropy } from "libmoshpit/crypto";
import {
  Attachment,
  type AttachmentConfig,
  type ConnectionInit,
  type Role,
  type SessionEvent,
} from "libmoshpit/session";
import { after, concatBytes, micros, type Micros } from "libmoshpit/util";
import { CipherSuite, type ConnectionSecrets, type DirectionKeys } from "libmoshpit/wire";
import type { LinkConditions } from "./link.js";
import { DuplexLink, Network, type Host } from "./network.js";
import { quickCrypto } from "./quick-crypto.js";
import { SeededRandom } from "./random.js";
import { Trace } from "./trace.js";

/** What two connections and the network between them are made from. */
export interface PairOptions {
  readonly seed: number;
  readonly link?: LinkConditions;
  /** Only where the directions differ. */
  readonly toClient?: LinkConditions;
  readonly suite?: CipherSuite;
  readonly crypto?: CryptoProvider;
  readonly server?: Partial<AttachmentConfig>;
  readonly client?: Partial<AttachmentConfig>;
  /** Whether what is delivered counts as consumed at once; otherwise the test consumes. */
  readonly consume?: boolean;
  /** Whether `trace` records what is sent. */
  readonly trace?: boolean;
}

/** One side: its machine, and everything that came out of it. */
export class Side {
  readonly host: Host<SessionEvent>;
  readonly connection: Attachment;
  readonly events: { readonly at: Micros; readonly event: SessionEvent }[] = [];
  /** What was delivered on both streams, in octets. */
  octetsReceived = 0;
  /** Called after an event is recorded. */
  onEvent: (event: SessionEvent, now: Micros) => void = () => undefined;

  constructor(network: Network, address: string, config: AttachmentConfig, consume: boolean) {
    this.connection = new Attachment(config);
    this.host = network.addHost(address, this.connection, (event, now) => {
      this.events.push({ at: now, event });
      if (event.type === "data") this.octetsReceived += event.bytes.length;
      if (consume && event.type === "data") this.connection.consumed(now, event.bytes.length);
      this.onEvent(event, now);
    });
  }

  /** A call on the connection, and what follows from it. */
  do(call: (connection: Attachment, now: Micros) => void): void {
    this.host.run((now) => call(this.connection, now));
  }

  get types(): string[] {
    return this.events.map(({ event }) => event.type);
  }

  of<Type extends SessionEvent["type"]>(type: Type): Extract<SessionEvent, { type: Type }>[] {
    return this.events
      .map(({ event }) => event)
      .filter((event): event is Extract<SessionEvent, { type: Type }> => event.type === type);
  }

  /** What was delivered on a stream. */
  received(standardError = false): Uint8Array {
    return concatBytes(
      ...this.of("data")
        .filter((event) => event.standardError === standardError)
        .map((event) => event.bytes),
    );
  }

  get closed(): boolean {
    return this.events.at(-1)?.event.type === "closed";
  }
}

/** A client and a server on virtual time, with a bad network between them; the same seed is the same run. */
export class Pair {
  readonly random: SeededRandom;
  readonly secrets: ConnectionSecrets;
  readonly connectionId: bigint;
  readonly link: DuplexLink;
  readonly network: Network;
  /** Everything that was sent, opened. */
  readonly trace: Trace;
  readonly client: Side;
  readonly server: Side;
  readonly #firstDatagram: Readonly<Record<Role, Pick<ConnectionInit, "firstDatagram">>>;
  #attempts = 0;

  constructor(options: PairOptions) {
    this.random = new SeededRandom(options.seed);
    this.secrets = randomSecrets(this.random, options.suite);
    this.connectionId = randomId(this.random);
    const { link = {}, toClient = link, consume = true } = options;
    this.link = new DuplexLink(link, toClient, this.random.fork());
    this.network = new Network(this.link.route);
    const crypto = options.crypto ?? quickCrypto;
    this.trace = new Trace(crypto);
    this.trace.add(this.secrets, this.connectionId);
    this.#firstDatagram = { client: waitOf(options.client), server: waitOf(options.server) };
    if (options.trace === true) this.network.onCarried = (carried) => this.trace.record(carried);
    const shared = {
      crypto,
      entropy: seededEntropy(this.random.fork()),
      secrets: this.secrets,
      connectionId: this.connectionId,
      now: this.network.now,
    };
    const side = (role: Role, extra: Partial<AttachmentConfig> = {}): Side =>
      new Side(this.network, role, { ...shared, role, ...extra }, consume);
    this.server = side("server", options.server);
    this.client = side("client", { path: "server", ...options.client });
  }

  /**
   * A handshake, which this network does not carry: half of `duration` to the server, and half to the client, which
   * has given up any other by then.
   */
  resume(duration: Micros = micros(0)): { readonly connectionId: bigint } {
    const [secrets, connectionId] = [randomSecrets(this.random, this.secrets.suite), randomId(this.random)];
    this.trace.add(secrets, connectionId);
    const generation = this.client.connection.generation + 1;
    const asked = this.client.connection.counts;
    const attempt = ++this.#attempts;
    const { now } = this.network;
    this.network.at(after(now, micros(duration / 2)), () => {
      const init = { secrets, connectionId, generation };
      // A handshake that was given up may come last: the server refuses it.
      if (attempt !== this.#attempts) return;
      this.server.do((server, at) => server.resume(at, { ...init, ...this.#firstDatagram.server, ...asked }));
      const granted = this.server.connection.counts;
      this.network.at(after(now, duration), () =>
        this.client.do((client, at) => {
          if (attempt !== this.#attempts) return;
          client.resume(at, { ...init, ...this.#firstDatagram.client, path: "server", ...granted });
        }),
      );
    });
    return { connectionId };
  }
}

function waitOf({ firstDatagram }: Partial<AttachmentConfig> = {}): Pick<ConnectionInit, "firstDatagram"> {
  return firstDatagram === undefined ? {} : { firstDatagram };
}

function randomId(random: SeededRandom): bigint {
  return BigInt(random.uint32()) * 2n ** 32n + BigInt(random.uint32());
}

/** Random keys for both directions. */
export function randomSecrets(
  random: SeededRandom,
  suite: CipherSuite = CipherSuite.AES_256_GCM_SIV_HMAC_SHA512,
): ConnectionSecrets {
  const keys = (): DirectionKeys => ({
    aeadKey: random.bytes(32),
    aeadIv: random.bytes(12),
    macKey: random.bytes(64),
  });
  return { suite, clientToServer: keys(), serverToClient: keys() };
}

/** Randomness that is not random. */
export function seededEntropy(random: SeededRandom): Entropy {
  return { bytes: (_label, length) => random.bytes(length) };
}
