import { nobleCrypto, type CryptoProvider, type Entropy } from "../src/crypto/index.js";
import {
  ClientHandshake,
  identityFromSeed,
  ServerHandshake,
  type AuthorizeEvent,
  type ClientHandshakeConfig,
  type ClientHandshakeEvent,
  type Identity,
  type ServerHandshakeConfig,
  type ServerHandshakeEvent,
} from "../src/handshake/index.js";
import { ascii, micros, type Machine, type Micros } from "../src/util/index.js";
import type { AcceptedInit, ClientRequest } from "../src/wire/index.js";

/** Octets that follow from a seed and a label, like the operating system's in that no two calls agree. */
export function seededEntropy(seed: string): Entropy {
  const counts = new Map<string, number>();
  return {
    bytes: (label, length) => {
      const count = counts.get(label) ?? 0;
      counts.set(label, count + 1);
      const out = new Uint8Array(length);
      for (let at = 0, block = 0; at < length; at += 64, block++) {
        const digest = nobleCrypto.sha512(ascii(`${seed}/${label}/${count}/${block}`));
        out.set(digest.subarray(0, length - at), at);
      }
      return out;
    },
  };
}

export const CLIENT_IDENTITY: Identity = identityFromSeed(nobleCrypto, new Uint8Array(32).fill(0xc1));
export const SERVER_IDENTITY: Identity = identityFromSeed(nobleCrypto, new Uint8Array(32).fill(0x5e));

export const OPEN: ClientRequest = {
  case: "open",
  value: { terminal: { term: "xterm-256color", size: { columns: 80, rows: 24 } } },
};

export const SESSION: AcceptedInit = {
  result: {
    case: "session",
    value: {
      sessionId: new Uint8Array(16).fill(1),
      sessionName: "s1",
      attachmentId: new Uint8Array(16).fill(2),
      generation: 1,
      connectionId: 0x1122334455667788n,
      udpPort: 50_000,
      firstDatagramSeconds: 30,
    },
  },
};

/** A machine with what it has put out so far. */
export class Endpoint<M extends Machine<Event>, Event> {
  readonly machine: M;
  readonly events: Event[] = [];
  /** Everything sent, one transmit an entry. */
  readonly sent: Uint8Array[] = [];
  timeoutAt: Micros = micros(0);

  constructor(machine: M) {
    this.machine = machine;
  }

  /** One mutation, then the drain; what was sent meanwhile. */
  run(mutate: (machine: M) => void): Uint8Array[] {
    mutate(this.machine);
    const sent: Uint8Array[] = [];
    for (;;) {
      const output = this.machine.pollOutput();
      if (output.kind === "timeout") {
        this.timeoutAt = output.at;
        this.sent.push(...sent);
        return sent;
      }
      if (output.kind === "transmit") sent.push(output.bytes);
      else this.events.push(output.event);
    }
  }
}

export type ClientEndpoint = Endpoint<ClientHandshake, ClientHandshakeEvent>;
export type ServerEndpoint = Endpoint<ServerHandshake, ServerHandshakeEvent>;

export interface PairOptions {
  readonly crypto?: CryptoProvider;
  readonly seed?: string;
  readonly client?: Partial<ClientHandshakeConfig>;
  readonly server?: Partial<ServerHandshakeConfig>;
  /** Cuts what travels; default: not at all. */
  readonly cut?: (bytes: Uint8Array) => readonly Uint8Array[];
}

export function makeClient(options: PairOptions = {}): ClientEndpoint {
  const { crypto = nobleCrypto, seed = "a" } = options;
  return new Endpoint(
    new ClientHandshake({
      crypto,
      entropy: seededEntropy(`${seed}/client`),
      identity: CLIENT_IDENTITY,
      user: "alice",
      request: OPEN,
      ...options.client,
    }),
  );
}

export function makeServer(options: PairOptions = {}): ServerEndpoint {
  const { crypto = nobleCrypto, seed = "a" } = options;
  return new Endpoint(
    new ServerHandshake({
      crypto,
      entropy: seededEntropy(`${seed}/server`),
      identity: SERVER_IDENTITY,
      ...options.server,
    }),
  );
}

/** A client and a server of one handshake. */
export class Pair {
  readonly client: ClientEndpoint;
  readonly server: ServerEndpoint;
  readonly #cut: (bytes: Uint8Array) => readonly Uint8Array[];
  now: Micros = micros(1_000);

  constructor(options: PairOptions = {}) {
    this.client = makeClient(options);
    this.server = makeServer(options);
    this.#cut = options.cut ?? ((bytes) => [bytes]);
  }

  /** F1 arrives: both are started. */
  hello(): void {
    this.server.run((m) => m.start(this.now));
    this.toServer(this.client.run((m) => m.start(this.now)));
  }

  /** F2 and F3 arrive: the client surfaces the host key. */
  identify(): void {
    this.hello();
    this.toClient(this.server.sent);
  }

  /** F4 arrives: the server asks for authorization. */
  authorize(): AuthorizeEvent {
    this.identify();
    this.toServer(this.client.run((m) => m.trustHostKey(this.now)));
    const [event] = this.server.events;
    if (event?.type !== "authorize") throw new Error(`no authorize event: ${JSON.stringify(event?.type)}`);
    return event;
  }

  /** The whole handshake, to an accepted session. */
  accept(accepted: AcceptedInit = SESSION): void {
    this.authorize();
    this.toClient(this.server.run((m) => m.accept(this.now, accepted)));
  }

  toServer(sent: readonly Uint8Array[]): void {
    for (const part of sent.flatMap(this.#cut)) this.server.run((m) => m.handleBytes(this.now, part));
  }

  toClient(sent: readonly Uint8Array[]): void {
    for (const part of sent.flatMap(this.#cut)) this.client.run((m) => m.handleBytes(this.now, part));
  }
}

/** The code of the error that the machine failed with; undefined if it did not. */
export function failure(endpoint: ClientEndpoint | ServerEndpoint): string | undefined {
  const events: readonly (ClientHandshakeEvent | ServerHandshakeEvent)[] = endpoint.events;
  const failed = events.find((event) => event.type === "failed");
  return failed?.type === "failed" ? failed.error.code : undefined;
}
