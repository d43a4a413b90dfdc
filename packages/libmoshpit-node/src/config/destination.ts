import { domainToASCII } from "node:url";
import { isIPv4, isIPv6 } from "node:net";

/** Where to, and as whom. */
export interface Destination {
  /** Absent: the local login name. */
  readonly user: string | undefined;
  /** An IPv4 or IPv6 address (without brackets, with its zone if one was given) or a host name, in lower case. */
  readonly host: string;
}

/** The names that a server looks up; the same rule at both ends. */
export const USER_NAME: RegExp = /^[a-z_][a-z0-9_-]{0,30}\$?$/;

/** From `[user@]host`; a string says what is wrong. An IPv6 address may stand in brackets. */
export function parseDestination(text: string): Destination | string {
  const at = text.lastIndexOf("@");
  const user = at < 0 ? undefined : text.slice(0, at);
  const host = text.slice(at + 1);
  if (user !== undefined && !USER_NAME.test(user)) {
    return `${JSON.stringify(user)} is no user name: a to z, 0 to 9, _ and -, at most 32, not first a digit or -`;
  }
  if (host === "") return `${JSON.stringify(text)} names no host: write [user@]host`;
  const portAt = /^(\[.*\]|[^:]*):(\d+)$/.exec(host);
  if (portAt !== null)
    return `${JSON.stringify(text)} names a port: write --server-port ${portAt[2]} instead`;
  const parsed = parseHost(host);
  return parsed === undefined ? `${JSON.stringify(host)} is no host name or address` : { user, host: parsed };
}

function parseHost(host: string): string | undefined {
  const bracketed = /^\[(.*)\]$/.exec(host)?.[1];
  const address = bracketed ?? host;
  if (isIPv6(address)) return address.toLowerCase();
  if (bracketed !== undefined) return undefined;
  if (isIPv4(host)) return host;
  // Digits and dots alone would be read as an address by some resolvers: 10.1 is 10.0.0.1 there.
  if (/^[\d.]+$/.test(host)) return undefined;
  // Underscores are not for host names by the letter, yet in use.
  // Only letters beyond ASCII are for domainToASCII; of what else it would silently drop newlines, for one.
  const ascii = /^[\p{L}\p{M}\p{N}_.-]+$/u.test(host) ? domainToASCII(host) : "";
  const labels = ascii.replace(/\.$/, "").split(".");
  const valid =
    ascii.length <= 253 && labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label));
  return valid ? ascii : undefined;
}
