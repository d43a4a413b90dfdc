import { printable } from "libmoshpit/handshake";
import type { PeerError } from "libmoshpit/util";
import { RejectCode } from "libmoshpit/wire";
import { formatEndpoint, type DialError, type ResolveError } from "libmoshpit-node/net";

/** What was dialled. */
export interface Target {
  readonly user: string;
  readonly host: string;
  readonly port: number;
}

/** One line: what happened, to what, and what to do next. */
export function explainResolveError(error: ResolveError): string {
  if (error.code === "ENOTFOUND") return `no address for ${error.host}: is the name right?`;
  return `the name ${error.host} can not be looked up (${error.code}): is this machine online? Try again, or use an address`;
}

export function explainDialError(error: DialError, target: Target): string {
  const where = formatEndpoint(target.host, target.port);
  switch (error.code) {
    case "ECONNREFUSED":
      return `${where} refused the connection: is mps running there, and on port ${target.port} (--server-port)?`;
    case "ETIMEDOUT":
      return `${where} does not answer: is the machine on, and TCP port ${target.port} open in its firewall?`;
    case "ENETUNREACH":
    case "EHOSTUNREACH":
    case "EADDRNOTAVAIL":
      return `no way to ${where} (${error.code}): is this machine online?`;
    default:
      return `${where} could not be reached (${error.code}): try again`;
  }
}

export function explainRejection(code: RejectCode, text: string, target: Target): string {
  const where = formatEndpoint(target.host, target.port);
  const said = text === "" ? "" : ` (${printable(text)})`;
  switch (code) {
    case RejectCode.NOT_AUTHORIZED:
      return `${target.user}@${target.host}: not authorized: put the line of your .pub key file into ~${target.user}/.mp/authorized_keys there (mode 0600, ~/.mp 0700); the server's log says which rule refused`;
    case RejectCode.NO_UDP_PORT:
      return `${where} has no free UDP port: its administrator can widen udp_ports`;
    case RejectCode.BUSY:
      return `${where} is busy${said}: try again in a minute`;
    case RejectCode.UNSUPPORTED_VERSION:
    case RejectCode.UNSUPPORTED_GROUP:
    case RejectCode.UNSUPPORTED_SUITE:
      return `${where} and this mp have no protocol in common${said}: update the older of the two`;
    case RejectCode.NO_SUCH_SESSION:
      return `${where} does not have the session any more: it ended there, or the server was restarted; connect again for a new one`;
    case RejectCode.START_FAILED:
      return `${where} could not start the shell or command${said}: the server's log says why`;
    case RejectCode.UNSPECIFIED:
    case RejectCode.UNSUPPORTED_REQUEST:
    case RejectCode.NAME_TAKEN:
    case RejectCode.INTERNAL:
    default:
      return `${where} refused (code ${code})${said}: the server's log says why`;
  }
}

export function explainHandshakeFailure(error: PeerError, target: Target): string {
  const where = formatEndpoint(target.host, target.port);
  if (error.code === "deadline-exceeded") return `${where} took too long to answer the handshake: try again`;
  if (error.code === "connection-closed") {
    return `${where} closed the connection in the middle of the handshake: is that port mps, and not too busy? Try again`;
  }
  return `the handshake with ${where} failed: ${printable(error.message)} (${error.code}); is that port mps, and nothing in between?`;
}
