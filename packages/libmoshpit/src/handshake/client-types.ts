import type { CryptoProvider, Entropy } from "../crypto/index.js";
import type { Micros, PeerError } from "../util/index.js";
import type {
  Accepted,
  CipherSuite,
  ClientRequest,
  ConnectionSecrets,
  KeyExchangeGroup,
  RejectCode,
} from "../wire/index.js";
import type { Identity } from "./identity.js";

/** What the client of a handshake is made of. */
export interface ClientHandshakeConfig {
  readonly crypto: CryptoProvider;
  readonly entropy: Entropy;
  readonly identity: Identity;
  /** The account on the server: `isUserName`. */
  readonly user: string;
  readonly request: ClientRequest;
  /** Offered, the preferred first; default: all. */
  readonly groups?: readonly KeyExchangeGroup[];
  /** Offered, the preferred first; default: all. */
  readonly cipherSuites?: readonly CipherSuite[];
  /** For the whole handshake, from `start`; default 30 s. */
  readonly deadline?: Micros;
}

/** What the client of a handshake tells. `close` is the last: the driver is to close TCP. */
export type ClientHandshakeEvent =
  /** The server proved this key. Go on with `trustHostKey`, or `close`. */
  | { readonly type: "host-key"; readonly hostKey: Uint8Array }
  /** The secrets are the receiver's to wipe. */
  | { readonly type: "accepted"; readonly accepted: Accepted; readonly secrets: ConnectionSecrets }
  /** Not authenticated: anybody on the way could have said so. The text is free of control characters. */
  | {
      readonly type: "rejected";
      readonly code: RejectCode;
      readonly text: string;
      readonly authenticated: boolean;
    }
  | { readonly type: "failed"; readonly error: PeerError }
  | { readonly type: "close" };
