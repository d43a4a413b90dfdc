import type { Checklist } from "libmoshpit-node/checklist";
import type { ServerConfig } from "libmoshpit-node/config";
import { endpointText, listenTcp, NoUdpPortError, UdpServer } from "libmoshpit-node/net";

/** Listens for a moment. A port that is taken may well be so by the `mps` that runs. */
export async function checkTcpPort(list: Checklist, { ip, port }: ServerConfig): Promise<void> {
  const where = endpointText(ip, port);
  const other = "or choose another: port in [mps] of the config file, or MOSHPITS_MPS_PORT";
  try {
    const server = await listenTcp(ip, port, {
      connection: (socket) => socket.destroy(),
      trouble: () => undefined,
    });
    server.close();
    list.ok("TCP port", `${where} is free`);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "EIO";
    switch (code) {
      case "EADDRINUSE":
        list.warn(
          "TCP port",
          `${where} is taken; fine if by the mps that runs already`,
          `ss -ltnp 'sport = :${port}' shows by whom, ${other}`,
        );
        return;
      case "EACCES":
        list.fail("TCP port", `${where} may not be used by this user`, `run mps as root, ${other}`);
        return;
      case "EADDRNOTAVAIL":
        list.fail(
          "TCP port",
          `${ip} is not an address of this machine`,
          "ip -brief address shows those that are: ip in [mps] of the config file, or MOSHPITS_MPS_IP",
        );
        return;
      default:
        list.fail("TCP port", `can not listen on ${where} (${code})`);
    }
  }
}

/** Whether a session would get a port: one is bound for a moment. */
export async function checkUdpPorts(list: Checklist, { ip, udpPorts }: ServerConfig): Promise<void> {
  const range = `${udpPorts.first}-${udpPorts.last}`;
  try {
    const socket = await UdpServer.open(ip, udpPorts, udpPorts.first, () => undefined);
    socket.close();
    const users = udpPorts.last - udpPorts.first + 1;
    list.ok("UDP ports", `${range}: room for ${users} ${users === 1 ? "user" : "users"} at a time`);
  } catch (error) {
    const wider = "widen udp_ports in [mps] of the config file, or MOSHPITS_MPS_UDP_PORTS";
    if (error instanceof NoUdpPortError) {
      list.fail("UDP ports", `all of ${range} on ${ip} are taken`, `ss -lunp shows by whom, or ${wider}`);
      return;
    }
    const code = (error as NodeJS.ErrnoException).code ?? "EIO";
    // What is wrong with the address stands in the line above.
    if (code !== "EADDRNOTAVAIL") list.fail("UDP ports", `${range} on ${ip} can not be bound (${code})`);
  }
}
