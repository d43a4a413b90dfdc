import { nodeCrypto } from "libmoshpit-node/crypto";
import { CipherSuite, PacketSealer, REPLAY_WINDOW } from "libmoshpit/wire";
import { SeededRandom } from "testkit";
import type { CaseContext, CaseDefinition } from "../run/case.js";
import { mustBe, mustEqual } from "./check.js";
import { hex, PACKETS } from "./vectors.js";

const suite = CipherSuite.AES_256_GCM_SIV_HMAC_SHA512;
const connectionId = BigInt(`0x${PACKETS.connectionId}`);
const keys = {
  aeadKey: hex(PACKETS.aeadKey),
  aeadIv: hex(PACKETS.aeadIv),
  macKey: hex(PACKETS.macKey),
};

const PAYLOAD = Uint8Array.of(0x08, 0x03);

function sealed(packetNumber: number): Uint8Array {
  const sealer = new PacketSealer(nodeCrypto, suite, connectionId, keys);
  sealer.skipTo(packetNumber);
  return sealer.seal(PAYLOAD);
}

/** What becomes of packets with these numbers, in order. */
async function fates({ testee }: CaseContext, datagrams: readonly Uint8Array[]): Promise<string[]> {
  const { packets } = await testee.ask("openPackets", {
    suite,
    connectionId,
    keys,
    datagrams: [...datagrams],
  });
  return packets.map(({ dropped }) => (dropped === "" ? "accepted" : dropped));
}

/** The replay window as 5.5 has it, written out for comparison. */
function model(numbers: readonly number[]): string[] {
  const seen = new Set<number>();
  let largest = -1;
  return numbers.map((number) => {
    if (number <= largest - REPLAY_WINDOW) return "too-old";
    if (seen.has(number)) return "replayed";
    seen.add(number);
    largest = Math.max(largest, number);
    return "accepted";
  });
}

async function follows(context: CaseContext, numbers: readonly number[]): Promise<void> {
  const found = await fates(context, numbers.map(sealed));
  model(numbers).forEach((expected, i) => {
    const what = `packet ${numbers[i]}, the ${i + 1}. of ${numbers.length}`;
    mustBe(found[i] ?? "no answer", expected, "PK-REPLAY-001", what);
  });
}

/** Sealing, opening and the replay window on what the runner makes. */
export const PACKET_CASES: readonly CaseDefinition[] = [
  {
    name: "replay/vector-sequence",
    level: 1,
    requirements: ["PK-REPLAY-001"],
    about: "packets.json, replay: each number in turn is accepted, replayed or too old",
    run: async (context) => {
      const { steps } = PACKETS.replay;
      const found = await fates(
        context,
        steps.map(({ packetNumber }) => sealed(packetNumber)),
      );
      steps.forEach(({ packetNumber, becomes }, i) =>
        mustBe(found[i] ?? "no answer", becomes, "PK-REPLAY-001", `step ${i + 1}, packet ${packetNumber}`),
      );
    },
  },
  {
    name: "replay/random-order",
    level: 1,
    requirements: ["PK-REPLAY-001"],
    about: "300 numbers drawn from a few hundred, with repetitions: each is accepted once",
    run: async (context) => {
      const random = new SeededRandom(context.seed);
      await follows(
        context,
        Array.from({ length: 300 }, () => random.below(200)),
      );
    },
  },
  {
    name: "replay/window-edges",
    level: 1,
    requirements: ["PK-REPLAY-001"],
    about: "numbers around the lower edge of the window, which moves by one and by leaps",
    run: async (context) => {
      const w = REPLAY_WINDOW;
      await follows(context, [
        w,
        1,
        0,
        w + 1,
        1,
        2,
        3 * w,
        2 * w,
        2 * w + 1,
        2 * w + 1,
        3 * w + 31,
        2 * w + 31,
      ]);
      await follows(context, [0, w - 1, 0, w, 0, 1, 2 * w - 1, w, w - 1, 100 * w, 99 * w + 1, 99 * w]);
    },
  },
  {
    name: "replay/not-marked-by-a-forgery",
    level: 1,
    requirements: ["PK-REPLAY-002"],
    about: "a packet with a right MAC and a wrong AEAD does not use up its number nor move the window",
    run: async (context) => {
      const number = 5 * REPLAY_WINDOW;
      const forged = withMac(flipped(sealed(number)));
      const found = await fates(context, [sealed(0), forged, sealed(1), sealed(number), sealed(number)]);
      const expected = ["accepted", "aead", "accepted", "accepted", "replayed"];
      expected.forEach((fate, i) =>
        mustBe(found[i] ?? "no answer", fate, "PK-REPLAY-002", `datagram ${i + 1}`),
      );
    },
  },
  {
    name: "replay/mac-before-window",
    level: 1,
    requirements: ["PK-OPEN-001"],
    about: "a forged packet of a number that was accepted fails the MAC, not the replay window",
    run: async (context) => {
      const packet = sealed(7);
      const forged = packet.map((octet, i) => (i === packet.length - 1 ? octet ^ 1 : octet));
      const found = await fates(context, [packet, forged, packet]);
      ["accepted", "mac", "replayed"].forEach((fate, i) =>
        mustBe(found[i] ?? "no answer", fate, "PK-OPEN-001", `datagram ${i + 1}`),
      );
    },
  },
  {
    name: "packets/each-octet-matters",
    level: 1,
    requirements: ["PK-OPEN-001"],
    about: "a packet with any one octet changed is dropped; the packet itself is accepted then",
    run: async (context) => {
      const packet = sealed(3);
      const changed = [...packet.keys()].map((at) =>
        packet.map((octet, i) => (i === at ? octet ^ 0x10 : octet)),
      );
      const found = await fates(context, [...changed, packet]);
      changed.forEach((_, i) => {
        const dropped = found[i] !== undefined && found[i] !== "accepted";
        mustBe(dropped, true, "PK-OPEN-001", `octet ${i} changed: dropped`);
      });
      mustBe(found.at(-1) ?? "no answer", "accepted", "PK-OPEN-002", "the packet itself");
    },
  },
  {
    name: "packets/seal-and-open-agree",
    level: 1,
    requirements: ["PK-SEAL-002"],
    about: "payloads of every length from 0 to 64 and the longest: sealed as the runner seals them",
    run: async (context) => {
      const random = new SeededRandom(context.seed);
      for (const length of [...Array(65).keys(), 1103]) {
        const payload = random.bytes(length);
        const packetNumber = random.uint32() * 2 ** 8 + length;
        const sealer = new PacketSealer(nodeCrypto, suite, connectionId, keys);
        sealer.skipTo(packetNumber);
        const { datagram } = await context.testee.ask("sealPacket", {
          suite,
          connectionId,
          keys,
          packetNumber: BigInt(packetNumber),
          payload,
        });
        mustEqual(datagram, sealer.seal(payload), "PK-SEAL-002", `a payload of ${length} octets`);
      }
    },
  },
];

/** With its tag broken. */
function flipped(datagram: Uint8Array): Uint8Array {
  return datagram.map((octet, i) => (i === 20 ? octet ^ 1 : octet));
}

/** With a MAC that is right again. */
function withMac(datagram: Uint8Array): Uint8Array {
  const out = datagram.slice();
  const at = out.length - 64;
  out.set(nodeCrypto.hmacSha512(keys.macKey, out.subarray(0, at)), at);
  return out;
}
