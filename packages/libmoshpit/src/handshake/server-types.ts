import type { CryptoProvider, Entropy } from "../crypto/index.js";
import type { Micros, PeerError } from "../util/index.js";
import type { CipherSuite, ConnectionSecrets, KeyExchangeGroup, ReceivedRequest } from "../wire/index.js";
import type { Identity } from "./identity.js";

/** What the server of a handshake is made of. */
export interface ServerHandshakeConfig {
  readonly crypto: CryptoProvider;
  readonly entropy: Entropy;
  /** The host key. */
  readonly identity: Identity;
  /** Default: all. */
  readonly groups?: readonly KeyExchangeGroup[];
  /** Default: all. */
  readonly cipherSuites?: readonly CipherSuite[];
  /** For the whole handshake, from `start`; default 30 s. */
  readonly deadline?: Micros;
  /** From ClientIdentity to a Rejected{NOT_AUTHORIZED}; default 250 ms. */
  readonly refusalDelay?: Micros;
}

/** The client proved its key: answer with `accept` or `reject`. The secrets are the receiver's to wipe. */
export interface AuthorizeEvent {
  readonly type: "authorize";
  readonly user: string;
  readonly publicKey: Uint8Array;
  readonly request: ReceivedRequest;
  /** With an OpenRequest: it, serialized, for a session host. */
  readonly openRequestBytes?: Uint8Array;
  readonly secrets: ConnectionSecrets;
}

/** What the server of a handshake tells. `close` is the last: the driver is to flush and close TCP. */
export type ServerHandshakeEvent =
  AuthorizeEvent | { readonly type: "failed"; readonly error: PeerError } | { readonly type: "close" };
