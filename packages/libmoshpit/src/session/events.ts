import type { Micros } from "../util/index.js";
import type {
  CloseReason,
  ConnectionSecrets,
  CryptoProvider,
  DropReason,
  Entropy,
  ExitStatus,
  WindowSize,
} from "../wire/index.js";

export type Role = "client" | "server";

/** Where a datagram came from or goes to, in the driver's words; the machine only compares it. */
export type Path = string;

/** What a handshake gives a connection. */
export interface ConnectionInit {
  readonly secrets: ConnectionSecrets;
  /** Random; not 0. */
  readonly connectionId: bigint;
  /** The client's: where the server is. */
  readonly path?: Path;
  /** The server's: nothing goes on if nothing authentic arrives within this time. */
  readonly firstDatagram?: Micros;
}

/** What a connection is made from. */
export interface ConnectionParameters extends ConnectionInit {
  readonly role: Role;
  readonly crypto: CryptoProvider;
  readonly entropy: Entropy;
  readonly now: Micros;
}

/** What an attachment starts from: its first connection, and what does not change with the next. */
export interface AttachmentConfig extends ConnectionInit {
  readonly role: Role;
  readonly crypto: CryptoProvider;
  readonly entropy: Entropy;
  readonly now: Micros;
  /** The server's: the attachment ends after this long a silence of the client. */
  readonly detachedLifetime?: Micros;
  /** How long an unacknowledged Close is repeated while the peer is silent; by role where absent. */
  readonly closeLifetime?: Micros;
}

/** How far a side is: its next unused sequence number, and below which it has all of the peer's frames. */
export interface Counts {
  readonly nextSequence: number;
  readonly cumulativeSequence: number;
}

/** A new connection for an attachment. spec/10-path-and-life.md, PL-RESUME. */
export interface ResumeInit extends ConnectionInit, Counts {
  /** Counts the attachment's connections from 1. */
  readonly generation: number;
}

/** How a session is ended. */
export interface CloseRequest {
  readonly reason: CloseReason;
  readonly exit?: ExitStatus;
  /** One line for the person, at most 256 octets. */
  readonly text?: string;
}

export interface StreamOptions {
  /** The server's, without a terminal: standard error. */
  readonly standardError?: boolean;
}

/** Why the machine is over. */
export type ClosedCause =
  | "local-close-acknowledged"
  /** This side's Close found no answer within its lifetime. */
  | "local-close-unanswered"
  | "peer-close"
  | "no-first-datagram"
  | "detached-too-long"
  /** The packet numbers are used up. */
  | "limit";

export type SessionEvent =
  /** The first authentic packet came, from there. */
  | { readonly type: "established"; readonly path: Path }
  /** Octets of a stream, in order. Tell `consumed` when they are taken. */
  | { readonly type: "data"; readonly bytes: Uint8Array; readonly standardError: boolean }
  /** Nothing follows on this stream. */
  | { readonly type: "end"; readonly standardError: boolean }
  | { readonly type: "resize"; readonly size: WindowSize }
  /** `bufferedAmount` fell below 128 KiB. */
  | { readonly type: "drain" }
  /** The server's: the client is there now. */
  | { readonly type: "path"; readonly path: Path }
  /** The peer was heard on the connection that `resume` brought: everything goes over that one now. */
  | { readonly type: "resumed"; readonly path: Path }
  /** That connection is over, and another one goes on. Its secrets are the caller's to wipe. */
  | { readonly type: "retired"; readonly connectionId: bigint }
  /** The peer's Close, after everything that it sent before. The text is free of control characters. */
  | {
      readonly type: "close";
      readonly reason: CloseReason | "unknown";
      readonly exit?: ExitStatus;
      readonly text?: string;
    }
  /** The last event: no packets and no timers any more. */
  | { readonly type: "closed"; readonly cause: ClosedCause };

/** What an attachment did so far, on all its connections. */
export interface AttachmentCounters {
  readonly packetsSent: number;
  readonly octetsSent: number;
  readonly packetsReceived: number;
  readonly octetsReceived: number;
  /** Datagrams that were not packets of a connection, or not for the first time. */
  readonly dropped: ReadonlyMap<DropReason, number>;
  /** Reliable frames that were sent again: asked for, with a probe, or along with a new one. */
  readonly framesRetransmitted: number;
  /** Reliable frames that arrived again. */
  readonly framesDuplicate: number;
  readonly naksSent: number;
  readonly probesSent: number;
  /** Reliable frames beyond the window that the peer was given. */
  readonly framesOutsideWindow: number;
  /** How often the peer was at a new address. */
  readonly pathMoves: number;
}
