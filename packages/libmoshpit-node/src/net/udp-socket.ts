import { createSocket, type Socket } from "node:dgram";

/** The machine's word for where a datagram goes or came from: `address port`. */
export function pathOf(address: string, port: number): string {
  return `${address} ${port}`;
}

/** An unbound socket for addresses of this family. */
export function createUdpSocket(family: 4 | 6): Socket {
  return createSocket({
    type: family === 6 ? "udp6" : "udp4",
    // Only addresses come here, and a lookup would cost each datagram a turn of the event loop.
    lookup: (host, _options, done) => done(null, host, family),
  });
}

/** Clients come and go on new ports; only those that are sent to now are worth remembering. */
const MAX_ADDRESSES = 1_000;

/** A bound UDP socket that speaks of paths. What can not leave is counted: a session outlives it. */
export class UdpSocket {
  readonly #socket: Socket;
  readonly #unsent: (code: string) => void;
  readonly #addresses = new Map<string, { readonly address: string; readonly port: number }>();
  #sendFailures = 0;
  #lastFailure: string | undefined;
  #open = true;

  /** `unsent` is told why a datagram could not leave. */
  protected constructor(
    socket: Socket,
    received: (path: string, bytes: Uint8Array) => void,
    unsent: (code: string) => void = () => undefined,
  ) {
    this.#socket = socket;
    this.#unsent = unsent;
    socket.on("error", (error: NodeJS.ErrnoException) => this.#failed(error));
    socket.on("message", (bytes, from) => received(pathOf(from.address, from.port), bytes));
  }

  /** Sends one datagram, or counts why it could not leave. */
  send(path: string, bytes: Uint8Array): void {
    if (!this.#open) return;
    const { address, port } = this.#addressOf(path);
    this.#socket.send(bytes, port, address, (error) => {
      if (error !== null) this.#failed(error);
    });
  }

  /** Datagrams that could not leave, and why the last could not (`ENETUNREACH` …). */
  get failures(): { readonly count: number; readonly last: string | undefined } {
    return { count: this.#sendFailures, last: this.#lastFailure };
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.close();
  }

  #failed(error: NodeJS.ErrnoException): void {
    this.#sendFailures++;
    this.#lastFailure = error.code ?? error.message;
    this.#unsent(this.#lastFailure);
  }

  #addressOf(path: string): { readonly address: string; readonly port: number } {
    let known = this.#addresses.get(path);
    if (known === undefined) {
      if (this.#addresses.size >= MAX_ADDRESSES) this.#addresses.clear();
      const space = path.lastIndexOf(" ");
      known = { address: path.slice(0, space), port: Number(path.slice(space + 1)) };
      this.#addresses.set(path, known);
    }
    return known;
  }
}
