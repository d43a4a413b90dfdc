import { createServer } from "node:net";
import { once } from "node:events";

/** The link between client and server, the same both ways. */
export interface LinkParameters {
  readonly delay_ms: number;
  /** Added to the delay, evenly between 0 and this; the order is kept. */
  readonly jitter_ms?: number;
  /** Of every packet, independently; 0 to 1. */
  readonly loss?: number;
  /** Octets a second; absent: no limit. */
  readonly rate?: number;
  /** Octets ahead of the rate. */
  readonly queue?: number;
  readonly seed?: number;
}

/** Inclusive. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Where a server listens. */
export interface Ports {
  readonly tcp: number;
  /** Absent: any. */
  readonly udp?: PortRange;
}

/** Where the two ends run and how they reach each other. */
export interface Link {
  /** What clients dial. */
  readonly serverAddress: string;
  /** Where servers listen. */
  readonly listenAddress: string;
  /** For one more server. */
  readonly ports: () => Promise<Ports>;
  /** Puts a command line on the server's side. */
  readonly onServer: (argv: readonly string[]) => string[];
  /** Puts a command line on the client's side. */
  readonly onClient: (argv: readonly string[]) => string[];
  readonly stop: () => Promise<void>;
}

/** What one end put on a link, IP headers included, and how much of it arrived. */
export interface Traffic {
  readonly packets: number;
  readonly octets: number;
  readonly arrived: number;
}

/** A link that is not there by itself, so that it can be bad. */
export interface EmulatedLink extends Link {
  /** From now on; what is under way keeps its moment. */
  readonly set: (parameters: LinkParameters) => Promise<void>;
  /** While true nothing passes. */
  readonly cut: (dead: boolean) => Promise<void>;
  /** The client's UDP packets come from other ports from now on, as behind a NAT that forgot them. */
  readonly rebind: () => Promise<void>;
  /** The client's machine gets another address and loses the one it had; absent where it can not. */
  readonly moveClient?: () => Promise<void>;
  /** From the start; absent where nothing counts. */
  readonly counts?: () => Promise<{ readonly up: Traffic; readonly down: Traffic }>;
}

/** This machine's loopback. */
export const loopback: Link = {
  serverAddress: "127.0.0.1",
  listenAddress: "127.0.0.1",
  ports: async () => ({ tcp: await freePort() }),
  onServer: (argv) => [...argv],
  onClient: (argv) => [...argv],
  stop: () => Promise.resolve(),
};

/** A TCP port of 127.0.0.1 that nobody has at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}
