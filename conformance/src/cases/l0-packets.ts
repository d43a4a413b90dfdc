import type { CaseDefinition } from "../run/case.js";
import { mustBe, mustEqual } from "./check.js";
import { hex, PACKETS, SUITE_NAMES } from "./vectors.js";

const keys = {
  aeadKey: hex(PACKETS.aeadKey),
  aeadIv: hex(PACKETS.aeadIv),
  macKey: hex(PACKETS.macKey),
};
const connectionId = BigInt(`0x${PACKETS.connectionId}`);

/** Feature of a suite that is optional. */
function featuresOf(suite: string): string[] {
  return suite.endsWith("_256") ? ["hmac-sha512-256"] : [];
}

const suites = Object.keys(SUITE_NAMES).map((name) => ({
  name,
  short: name.endsWith("_256") ? "truncated" : "full",
  suite: SUITE_NAMES[name] ?? 0,
}));

/** conformance/vectors/packets.json. */
export const PACKET_VECTOR_CASES: readonly CaseDefinition[] = suites.flatMap(({ name, short, suite }) => [
  {
    name: `packets/sealed-${short}`,
    level: 0,
    requirements: ["PK-SEAL-002", "PK-SEAL-001", "PK-SEAL-003", "PK-HEAD-001"],
    about: `packets.json, sealed: each payload seals to the datagram, with the ${short} MAC`,
    features: featuresOf(name),
    run: async ({ testee }) => {
      for (const vector of PACKETS.sealed.filter((each) => each.suite === name)) {
        const { datagram } = await testee.ask("sealPacket", {
          suite,
          connectionId,
          keys,
          packetNumber: BigInt(vector.packetNumber),
          payload: hex(vector.payload),
        });
        mustEqual(datagram, hex(vector.datagram), "PK-SEAL-002", vector.about);
      }
    },
  },
  {
    name: `packets/opened-${short}`,
    level: 0,
    requirements: ["PK-OPEN-001", "PK-SEAL-003"],
    about: `packets.json, sealed: each datagram opens to the payload, with the ${short} MAC`,
    features: featuresOf(name),
    run: async ({ testee }) => {
      for (const vector of PACKETS.sealed.filter((each) => each.suite === name)) {
        const datagrams = [hex(vector.datagram)];
        const { packets } = await testee.ask("openPackets", { suite, connectionId, keys, datagrams });
        mustBe(packets[0]?.dropped ?? "no answer", "", "PK-OPEN-001", vector.about);
        mustBe(Number(packets[0]?.packetNumber), vector.packetNumber, "PK-HEAD-001", vector.about);
        mustEqual(packets[0]?.payload, hex(vector.payload), "PK-OPEN-001", vector.about);
      }
    },
  },
  {
    name: `packets/dropped-${short}`,
    level: 0,
    requirements: ["PK-OPEN-001", "PK-OPEN-002"],
    about: `packets.json, dropped: each datagram is dropped for its reason, with the ${short} MAC`,
    features: featuresOf(name),
    run: async ({ testee }) => {
      const vectors = PACKETS.dropped.filter((each) => each.suite === name);
      const datagrams = vectors.map(({ datagram }) => hex(datagram));
      const { packets } = await testee.ask("openPackets", { suite, connectionId, keys, datagrams });
      vectors.forEach(({ about, reason }, i) => {
        mustBe(packets[i]?.dropped ?? "no answer", reason, "PK-OPEN-001", about);
      });
    },
  },
]);
