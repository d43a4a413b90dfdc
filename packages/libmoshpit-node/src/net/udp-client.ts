import type { Address } from "./resolve.js";
import { createUdpSocket, UdpSocket } from "./udp-socket.js";

/** What the kernel is asked for; it gives at most its own limit. */
const RECEIVE_BUFFER = 1 << 20;

/**
 * A client's UDP socket. Not connected: a laptop that changes networks keeps the socket, and the kernel picks the
 * source address anew for each datagram.
 */
export class UdpClient extends UdpSocket {
  /**
   * A socket for datagrams to addresses of this family; `unsent` is told why one could not leave (`ENETUNREACH` …).
   * Throws what `bind` throws.
   */
  static async open(
    family: Address["family"],
    received: (path: string, bytes: Uint8Array) => void,
    unsent?: (code: string) => void,
  ): Promise<UdpClient> {
    const socket = createUdpSocket(family);
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(0, () => {
        socket.off("error", reject);
        resolve();
      });
    });
    socket.setRecvBufferSize(RECEIVE_BUFFER);
    return new UdpClient(socket, received, unsent);
  }
}
