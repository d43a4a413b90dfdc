import type { Duplex } from "node:stream";
import { PeerError, wipe } from "libmoshpit/util";
import { frame, FrameReader } from "libmoshpit/wire";
import {
  decodeHostMessage,
  encodeHostMessage,
  MAX_HOST_MESSAGE_OCTETS,
  type HostLinkMessage,
  type HostLinkMessageInit,
} from "./messages.js";

export interface HostLinkHandlers {
  message(message: HostLinkMessage): void;
  /** Nothing comes any more, and nothing can be sent. With an error if the peer broke the rules or the stream failed. */
  ended(error: Error | undefined): void;
}

/** Octets that wait for a peer that does not read; some hundred times what a busy one leaves waiting. */
const MAX_QUEUED_OCTETS = 1 << 20;

/** The stream between a listener and one of its hosts, as messages. */
export class HostLink {
  readonly #stream: Duplex;
  readonly #handlers: HostLinkHandlers;
  readonly #frames = new FrameReader(MAX_HOST_MESSAGE_OCTETS);
  #ended = false;

  constructor(stream: Duplex, handlers: HostLinkHandlers) {
    this.#stream = stream;
    this.#handlers = handlers;
    stream.on("data", (bytes: Uint8Array) => this.#read(bytes));
    stream.on("error", (error) => this.#end(error));
    stream.on("end", () => this.#end(undefined));
    stream.on("close", () => this.#end(undefined));
  }

  /**
   * Queued if the peer is slow, dropped if the link has ended. A peer that has stopped reading (a user can stop the host
   * that is theirs) ends the link. Throws `UsageError` for a message out of bounds.
   */
  send(message: HostLinkMessageInit): void {
    const body = encodeHostMessage(message);
    const octets = frame(body);
    // Keys of a session may be in there.
    wipe(body);
    const queued = this.#stream.writableLength + octets.length;
    if (!this.#ended && queued > MAX_QUEUED_OCTETS) this.#end(new Error("the peer does not read"));
    if (this.#ended) wipe(octets);
    else this.#stream.write(octets, () => wipe(octets));
  }

  /** What was sent leaves, then the link ends for both. */
  close(): void {
    this.#stream.end();
  }

  /** Reads nothing more for so long, in milliseconds, beyond what has been read already. */
  hold(milliseconds: number): void {
    this.#stream.pause();
    setTimeout(() => this.#stream.resume(), milliseconds).unref();
  }

  /** Ends at once, for both. */
  destroy(): void {
    this.#stream.destroy();
  }

  #read(bytes: Uint8Array): void {
    if (this.#ended) return;
    try {
      this.#frames.push(bytes);
      for (let body = this.#frames.next(); body !== undefined && !this.#ended; body = this.#frames.next()) {
        this.#handlers.message(decodeHostMessage(body));
      }
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.#end(error);
    }
  }

  #end(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stream.destroy();
    this.#handlers.ended(error);
  }
}
