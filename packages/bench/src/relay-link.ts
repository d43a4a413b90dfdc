import { freeTcpPort, freeUdpRange, link as profile, Relay, type LinkProfile } from "libmoshpit-node/net";
import type { EmulatedLink, LinkParameters } from "./link.js";

const SERVER = "127.0.0.1";
const DIALLED = "127.0.0.2";
const UDP_PORTS = 4;
const UNLIMITED = Infinity;

/** A link that needs no rights: one relay on loopback, for one server. TCP is delayed there but never lost. */
export async function relayLink(parameters: LinkParameters): Promise<EmulatedLink> {
  const tcp = await freeTcpPort([SERVER, DIALLED]);
  const udp = await freeUdpRange([SERVER, DIALLED], UDP_PORTS);
  const relay = await Relay.start({
    listenAddress: DIALLED,
    serverAddress: SERVER,
    tcpPort: tcp,
    udpPorts: udp,
    profile: asProfile(parameters),
    seed: parameters.seed ?? 1,
  });
  return {
    serverAddress: DIALLED,
    listenAddress: SERVER,
    ports: () => Promise.resolve({ tcp, udp }),
    onServer: (argv) => [...argv],
    onClient: (argv) => [...argv],
    set: (changed) => Promise.resolve(relay.setProfile(asProfile(changed))),
    cut: (dead) => Promise.resolve(relay.setBlackout(dead)),
    rebind: () => Promise.resolve(relay.roam()),
    stop: async () => await relay.stop(),
  };
}

function asProfile({
  delay_ms,
  jitter_ms = 0,
  loss = 0,
  rate = UNLIMITED,
  queue = 256 * 1024,
}: LinkParameters): LinkProfile {
  return profile("bench", {
    delayMs: delay_ms,
    jitterMs: jitter_ms,
    loss,
    rateKbit: (rate * 8) / 1000,
    queueMs: rate === UNLIMITED ? UNLIMITED : (queue / rate) * 1000,
  });
}
