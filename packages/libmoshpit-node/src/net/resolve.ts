import { lookup } from "node:dns/promises";
import { isIP } from "node:net";

/** An address that can be dialled. */
export interface Address {
  /** IPv4 or IPv6, the latter without brackets and with its zone, if it has one. */
  readonly address: string;
  readonly family: 4 | 6;
}

/** A name without an address, with the reason of the resolver (`ENOTFOUND`, `EAI_AGAIN` …). */
export class ResolveError extends Error {
  override readonly name = "ResolveError";
  readonly host: string;
  readonly code: string;

  constructor(host: string, code: string) {
    super(`${host}: ${code}`);
    this.host = host;
    this.code = code;
  }
}

let underWay = 0;

/** How many names are being looked up. The system can take half a minute for one, and `process.exit` waits for it. */
export function lookupsUnderWay(): number {
  return underWay;
}

/**
 * All addresses of a host, in the order in which they are to be tried: the resolver's first, then families in turn
 * (RFC 8305, section 4). Throws `ResolveError`.
 */
export async function resolveHost(host: string): Promise<readonly Address[]> {
  const literal = addressLiteral(host);
  if (literal !== undefined) return [literal];
  underWay++;
  try {
    const found = await lookup(host, { all: true, verbatim: true });
    if (found.length === 0) throw new ResolveError(host, "ENOTFOUND");
    return alternateFamilies(found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 })));
  } catch (error) {
    if (error instanceof ResolveError) throw error;
    throw new ResolveError(host, (error as NodeJS.ErrnoException).code ?? "ENOTFOUND");
  } finally {
    underWay--;
  }
}

/** The address that a host name is by itself, with or without brackets. */
export function addressLiteral(host: string): Address | undefined {
  const address = /^\[(.*)\]$/.exec(host)?.[1] ?? host;
  const family = isIP(address);
  return family === 4 || family === 6 ? { address, family } : undefined;
}

/** Keeps the first, and the order within a family. */
export function alternateFamilies(addresses: readonly Address[]): readonly Address[] {
  const first = addresses.filter(({ family }) => family === addresses[0]?.family);
  const second = addresses.filter(({ family }) => family !== addresses[0]?.family);
  return Array.from({ length: Math.max(first.length, second.length) }, (_, i) => [first[i], second[i]])
    .flat()
    .filter((address) => address !== undefined);
}

/** `address port` with brackets around IPv6: for people. */
export function formatEndpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
