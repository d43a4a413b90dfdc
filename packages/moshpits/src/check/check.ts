import { Checklist, firewallCommands, runsOnThisMachine } from "libmoshpit-node/checklist";
import type { Loaded, ServerConfig } from "libmoshpit-node/config";
import { currentUser } from "libmoshpit-node/users";
import { checkHostKey, checkLog } from "./files.js";
import { checkTcpPort, checkUdpPorts } from "./ports.js";
import { checkLogins, checkNologin, checkTerminals, checkUserLookup } from "./users.js";

const IN_ORDER = 0;
const NOT_IN_ORDER = 1;

/** `mps --check`: looks at all that `mps` needs, says what is wrong and what to do. The exit status. */
export async function check(
  loaded: Extract<Loaded<ServerConfig>, { kind: "run" }>,
  list: Checklist = new Checklist((text) => void process.stdout.write(text)),
): Promise<number> {
  const { config, sources, warnings } = loaded;
  const own = currentUser();
  list.ok("configuration", "every value is valid (mps config shows them)");
  for (const warning of warnings) list.warn("configuration", warning);
  if (own.uid === 0) list.ok("account", "root: serves every user");
  else list.note("account", `${own.name}: serves ${own.name} alone`, "run mps as root to serve everybody");
  await checkHostKey(list, config, sources.get("private_key_path")?.kind === "default");
  await checkLog(list, config.log.file.path);
  await checkTcpPort(list, config);
  await checkUdpPorts(list, config);
  list.note(
    "firewall",
    "can not be seen from here; it must let these ports in:",
    ...firewallCommands(
      { tcp: config.port, udpFirst: config.udpPorts.first, udpLast: config.udpPorts.last },
      runsOnThisMachine,
    ),
  );
  await checkTerminals(list);
  await checkUserLookup(list, own);
  if (own.uid === 0) await checkNologin(list);
  await checkLogins(list, config, own);
  return list.failures === 0 ? IN_ORDER : NOT_IN_ORDER;
}
