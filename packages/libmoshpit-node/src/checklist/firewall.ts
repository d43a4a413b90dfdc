import { accessSync, constants } from "node:fs";
import { join } from "node:path";

/** The ports that a server needs. */
export interface FirewallPorts {
  readonly tcp: number;
  readonly udpFirst: number;
  readonly udpLast: number;
}

/** Whether a program of this name can be run; the seam for tests. */
export type RunsHere = (program: string) => boolean;

/**
 * The commands that open the ports on a server, in the language of the firewall whose tool is there; of all of them,
 * where that can not be known (`runsHere` absent: another machine) or none is there.
 */
export function firewallCommands(ports: FirewallPorts, runsHere?: RunsHere): readonly string[] {
  const all = dialects(ports);
  const here = runsHere === undefined ? [] : all.filter(({ tool }) => runsHere(tool)).slice(0, 1);
  return (here.length > 0 ? here : all).map(({ command }) => command);
}

/** Whether a program stands in one of the folders where system tools stand. */
export const runsOnThisMachine: RunsHere = (program) =>
  ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      // Not there, or not to be run by this user: the same.
      return false;
    }
  });

interface Dialect {
  readonly tool: string;
  readonly command: string;
}

function dialects({ tcp, udpFirst, udpLast }: FirewallPorts): readonly Dialect[] {
  const one = udpFirst === udpLast;
  const range = (separator: string): string => (one ? `${udpFirst}` : `${udpFirst}${separator}${udpLast}`);
  return [
    { tool: "ufw", command: `ufw allow ${tcp}/tcp && ufw allow ${range(":")}/udp` },
    {
      tool: "firewall-cmd",
      command: `firewall-cmd --permanent --add-port=${tcp}/tcp --add-port=${range("-")}/udp && firewall-cmd --reload`,
    },
    {
      tool: "nft",
      command: `nft add rule inet filter input tcp dport ${tcp} accept && nft add rule inet filter input udp dport ${range("-")} accept`,
    },
    {
      tool: "iptables",
      command: `iptables -I INPUT -p tcp --dport ${tcp} -j ACCEPT && iptables -I INPUT -p udp --dport ${range(":")} -j ACCEPT`,
    },
  ];
}
