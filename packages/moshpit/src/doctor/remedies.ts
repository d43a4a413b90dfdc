import { firewallCommands } from "libmoshpit-node/checklist";
import type { Target } from "../ui/explain.js";

/** The ports of sessions, where nothing else is configured. */
const UDP = { first: 50_000, last: 59_999 };

/** What to do where a TCP connection fails with a code. */
export function tcpRemedies(code: string, { port }: Target): readonly string[] {
  switch (code) {
    case "ECONNREFUSED":
      return [
        `the machine is there, and nothing listens on port ${port}: on the server mps --check, then start mps (systemctl start moshpits)`,
        "if mps listens on another port: --server-port PORT",
      ];
    case "ETIMEDOUT":
      return [
        "is the machine on? If so, a firewall drops the packets: on the server, as root, the one of these that fits",
        ...firewallCommands({ tcp: port, udpFirst: UDP.first, udpLast: UDP.last }),
        "and the same in the firewalls of the network or cloud that it is in",
      ];
    case "ENETUNREACH":
    case "EHOSTUNREACH":
    case "EADDRNOTAVAIL":
      return ["this machine has no way there: is it online, with this kind of address? ip route get ADDRESS"];
    default:
      return ["try again; on the server: mps --check"];
  }
}

/** What to do where nothing comes over UDP from this port of the server. */
export function udpRemedies(port: number, tcpPort: number): readonly string[] {
  const usual = port >= UDP.first && port <= UDP.last;
  const range = usual ? UDP : { first: port, last: port };
  return [
    "on the server, as root, the one of these that fits",
    ...firewallCommands({ tcp: tcpPort, udpFirst: range.first, udpLast: range.last }),
    "and the same in the firewalls of the network or cloud that it is in, and UDP out of the network that this machine is in",
    "if those are open: a tunnel or VPN on the way may not pass datagrams of 1228 octets; set its MTU to 1280 at least",
  ];
}
