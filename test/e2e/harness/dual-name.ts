import { writeFileSync } from "node:fs";
import type { World } from "./world.js";

/** A name that a program looks up with both addresses, in this order, when Node is started with these options. */
export async function dualName(
  world: World,
  ipv4: string,
  ipv6: string,
): Promise<{ readonly name: string; readonly options: string }> {
  const name = "two-families.test";
  const addresses = [
    { address: ipv4, family: 4 },
    { address: ipv6, family: 6 },
  ];
  const path = world.path("names.mjs");
  const lines = [
    'import dns from "node:dns/promises";',
    'import { syncBuiltinESMExports } from "node:module";',
    "const { lookup } = dns;",
    `const addresses = ${JSON.stringify(addresses)};`,
    `dns.lookup = async (host, ...more) => (host === "${name}" ? addresses : await lookup(host, ...more));`,
    "syncBuiltinESMExports();",
  ];
  writeFileSync(path, `${lines.join("\n")}\n`);
  await world.know(name);
  return { name, options: `--import=${path}` };
}
