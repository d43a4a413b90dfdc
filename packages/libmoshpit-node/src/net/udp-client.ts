import { createSocket, type Socket } from "node:dgram";
import type { Address } from "./resolve.js";

/** The machine's word for where a datagram goes or came from: `address port`. */
export function pathOf(address: string, port: number): string {
  return `${address} ${port}`;
}

/** What the kernel is asked for; it gives at most its own limit. */
const RECEIVE_BUFFER = 1 << 20;

/**
 * A client's UDP socket. Not connected: a laptop that changes networks keeps the socket, and the kernel picks the
 * source address anew for each datagram.
 */
export class UdpClient {
  readonly #socket: Socket;
  readonly #addresses = new Map<string, { readonly address: string; readonly port: number }>();
  #sendFailures = 0;
  #lastFailure: string | undefined;
  #open = true;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** A socket for datagrams to addresses of this family. Throws what `bind` throws. */
  static async open(
    family: Address["family"],
    received: (path: string, bytes: Uint8Array) => void,
  ): Promise<UdpClient> {
    const socket = createSocket({
      type: family === 6 ? "udp6" : "udp4",
      // Only addresses come here, and a lookup would cost each datagram a turn of the event loop.
      lookup: (host, _options, done) => done(null, host, family),
    });
    const client = new UdpClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(0, () => {
        socket.off("error", reject);
        resolve();
      });
    });
    // Errors of single datagrams (a network that is gone) are counted; the session outlives them.
    socket.on("error", (error: NodeJS.ErrnoException) => client.#failed(error));
    socket.setRecvBufferSize(RECEIVE_BUFFER);
    socket.on("message", (bytes, from) => received(pathOf(from.address, from.port), bytes));
    return client;
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
  }

  #addressOf(path: string): { readonly address: string; readonly port: number } {
    let known = this.#addresses.get(path);
    if (known === undefined) {
      const space = path.lastIndexOf(" ");
      known = { address: path.slice(0, space), port: Number(path.slice(space + 1)) };
      this.#addresses.set(path, known);
    }
    return known;
  }
}
