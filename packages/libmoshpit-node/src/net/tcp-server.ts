import { createServer, isIPv6, type AddressInfo, type Server, type Socket } from "node:net";

/** A TCP port that is listened on. */
export interface TcpServer {
  /** As the system has it: the real port where 0 was asked for. */
  readonly address: string;
  readonly port: number;
  /** Takes no more connections; those that are open stay. */
  close(): void;
}

export interface TcpServerHandlers {
  /** The peer's half may end before ours: the handler ends and destroys the socket. */
  connection(socket: Socket): void;
  /** Connections could not be taken (no descriptors left …); listening goes on. */
  trouble(error: NodeJS.ErrnoException): void;
}

/** Connections that the kernel completes ahead of us. */
const BACKLOG = 511;

/** Listens; `::` takes IPv4 too. Throws what `listen` throws (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL` …). */
export async function listenTcp(
  address: string,
  port: number,
  handlers: TcpServerHandlers,
): Promise<TcpServer> {
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address, port, backlog: BACKLOG, exclusive: true }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  server.on("error", (error) => handlers.trouble(error));
  server.on("connection", (socket) => handlers.connection(socket));
  const bound = server.address() as AddressInfo;
  return { address: bound.address, port: bound.port, close: () => void server.close() };
}

/** `127.0.0.1:40404`, `[::1]:40404`; an IPv4 address that came over IPv6 is written as IPv4. */
export function endpointText(address: string | undefined, port: number | undefined): string {
  const plain = plainAddress(address ?? "?");
  return isIPv6(plain) ? `[${plain}]:${port ?? "?"}` : `${plain}:${port ?? "?"}`;
}

/** `::ffff:10.0.0.1` as `10.0.0.1`; everything else unchanged. */
export function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
