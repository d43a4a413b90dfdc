import { connect, type Socket } from "node:net";
import type { Address } from "./resolve.js";

/** A TCP connection and the address that it reached. */
export interface Reached {
  readonly socket: Socket;
  readonly address: Address;
}

/** No address answered. */
export class DialError extends Error {
  override readonly name = "DialError";
  /** Of the attempt that says most: `ECONNREFUSED`, `EHOSTUNREACH`, `ETIMEDOUT` … */
  readonly code: string;
  /** What was tried, and how it ended. */
  readonly attempts: readonly { readonly address: string; readonly code: string }[];

  constructor(attempts: readonly { readonly address: string; readonly code: string }[]) {
    const code = mostTelling(attempts.map((attempt) => attempt.code));
    super(code);
    this.code = code;
    this.attempts = attempts;
  }
}

export interface DialOptions {
  readonly port: number;
  /** For all attempts together; milliseconds. */
  readonly timeoutMs: number;
  /** Aborting ends all attempts with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Between the starts of two attempts; milliseconds. RFC 8305, section 5. */
  readonly staggerMs?: number;
  readonly connect?: (options: { host: string; port: number; family: number; noDelay: boolean }) => Socket;
}

/**
 * Dials addresses in turn, a new one whenever one failed or 250 ms went by, and keeps the first that answers. Earlier
 * attempts go on meanwhile: on a slow link the first may well be the one that works. Node's own autoSelectFamily
 * gives each attempt 250 ms and then drops it, which no satellite link survives. Throws `DialError`.
 */
export async function dial(addresses: readonly Address[], options: DialOptions): Promise<Reached> {
  return await new Promise((resolve, reject) => {
    const open = new Map<Socket, Address>();
    const failed: { address: string; code: string }[] = [];
    let next = 0;
    let stagger: NodeJS.Timeout | undefined;

    const finish = (winner: Socket | undefined): void => {
      clearTimeout(stagger);
      clearTimeout(deadline);
      options.signal?.removeEventListener("abort", aborted);
      for (const socket of open.keys()) if (socket !== winner) socket.destroy();
      open.clear();
    };
    const aborted = (): void => {
      finish(undefined);
      reject(options.signal?.reason as Error);
    };
    const deadline = setTimeout(() => {
      for (const { address } of open.values()) failed.push({ address, code: "ETIMEDOUT" });
      finish(undefined);
      reject(new DialError(failed));
    }, options.timeoutMs);

    const attempt = (): void => {
      clearTimeout(stagger);
      const address = addresses[next++];
      if (address === undefined) {
        if (open.size > 0) return;
        finish(undefined);
        reject(new DialError(failed));
        return;
      }
      const socket = (options.connect ?? connect)({
        host: address.address,
        port: options.port,
        family: address.family,
        noDelay: true,
      });
      open.set(socket, address);
      socket.once("connect", () => {
        finish(socket);
        socket.removeAllListeners("error");
        resolve({ socket, address: reachedAddress(socket, address) });
      });
      socket.on("error", (error: NodeJS.ErrnoException) => {
        if (!open.delete(socket)) return;
        failed.push({ address: address.address, code: error.code ?? "EUNKNOWN" });
        attempt();
      });
      if (next < addresses.length) stagger = setTimeout(attempt, options.staggerMs ?? 250);
    };

    if (options.signal?.aborted === true) {
      aborted();
      return;
    }
    options.signal?.addEventListener("abort", aborted);
    attempt();
  });
}

/** The peer's address as the system has it, with the zone that was dialled. */
function reachedAddress(socket: Socket, dialled: Address): Address {
  return dialled.address.includes("%")
    ? dialled
    : { ...dialled, address: socket.remoteAddress ?? dialled.address };
}

/** A refusal tells more than a route that is missing, and that more than silence. */
function mostTelling(codes: readonly string[]): string {
  const order = ["ECONNREFUSED", "ECONNRESET", "EACCES", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT"];
  const rank = (code: string): number => (order.includes(code) ? order.indexOf(code) : order.length);
  return [...codes].sort((a, b) => rank(a) - rank(b))[0] ?? "ETIMEDOUT";
}
