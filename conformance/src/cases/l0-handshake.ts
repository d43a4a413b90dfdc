import { concatBytes } from "libmoshpit/util";
import { KeyExchangeGroup } from "libmoshpit/wire";
import { HandshakeKind, Role } from "../gen/moshpit/conformance/v1/testee_pb.js";
import { must, type CaseDefinition } from "../run/case.js";
import { mustBe, mustEqual } from "./check.js";
import { ED25519, HANDSHAKES, hex, X25519, type HandshakeVectors } from "./vectors.js";

/** The signer of a proof, its role in requests, and the names of its hashes and key. */
const SIGNERS = [
  { name: "server", role: Role.SERVER, signed: "T3sig", finished: "T3fin", key: "s_hs_finished" },
  { name: "client", role: Role.CLIENT, signed: "T4sig", finished: "T4fin", key: "c_hs_finished" },
] as const;

/** Which keys seal which frame. */
const SEALED = { F3: "s_hs", F4: "c_hs", F5: "s_hs" } as const;

function featuresOf({ key_exchange }: HandshakeVectors): string[] {
  return [key_exchange.group === KeyExchangeGroup.X25519 ? "x25519" : "x25519-mlkem768"];
}

/** The key-exchange randomness of a role, as a request has it. */
function randomness(vector: HandshakeVectors, role: "client" | "server"): Uint8Array {
  const { client_entropy, server_entropy } = vector.inputs;
  const value =
    role === "client" ? client_entropy["mlkem768.seed"] : server_entropy["mlkem768.encapsulation"];
  return hex(value ?? "");
}

const perVector = HANDSHAKES.flatMap((vector): CaseDefinition[] => {
  const short = vector.name.replace("handshake-", "");
  const label = (name: string): Uint8Array => hex(vector.key_schedule.labels[name]?.output);
  const clientShare = vector.key_exchange.client_shares.find(
    ({ group }) => group === vector.key_exchange.group,
  )?.share;
  const { group } = vector.key_exchange;
  return [
    {
      name: `handshake/transcript-${short}`,
      level: 0,
      requirements: ["KS-TR-001"],
      about: `${vector.name}.json: every transcript hash over the frames as they travelled`,
      run: async ({ testee }) => {
        const frame = (name: string): Uint8Array => hex(vector.frames[name as "F1"]);
        const item: Readonly<Record<string, Uint8Array>> = {
          "Item(claim_s)": hex(vector.proofs.server.claim),
          "Item(signature_s)": hex(vector.proofs.server.signature),
          "Item(claim_c)": hex(vector.proofs.client.claim),
          "Item(signature_c)": hex(vector.proofs.client.signature),
        };
        for (const [name, { over, hash }] of Object.entries(vector.transcript)) {
          if (name === "P") continue;
          const frames = over.filter((part) => /^F\d$/.test(part)).map(frame);
          const items = over.flatMap((part) => item[part] ?? []);
          const answer = await testee.ask("transcript", { frames, items });
          mustEqual(answer.hash, hex(hash), "KS-TR-001", name);
        }
      },
    },
    {
      name: `handshake/key-exchange-${short}`,
      level: 0,
      requirements: ["KS-X-002", "KS-KEM-001"],
      about: `${vector.name}.json: both sides' shares and IKM follow from their randomness`,
      features: featuresOf(vector),
      run: async ({ testee }) => {
        const { server_share, ikm } = vector.key_exchange;
        const server = await testee.ask("keyExchange", {
          role: Role.SERVER,
          group,
          x25519Secret: hex(vector.inputs.server_entropy["x25519.server"]),
          mlkem768Randomness: randomness(vector, "server"),
          peerShare: hex(clientShare),
        });
        mustEqual(server.share, hex(server_share), "KS-X-002", "the server's share");
        mustEqual(server.keyMaterial, hex(ikm), "KS-X-002", "the server's IKM");
        const client = await testee.ask("keyExchange", {
          role: Role.CLIENT,
          group,
          x25519Secret: hex(vector.inputs.client_entropy["x25519.client"]),
          mlkem768Randomness: randomness(vector, "client"),
          peerShare: hex(server_share),
        });
        mustEqual(client.share, hex(clientShare), "KS-X-002", "the client's share");
        mustEqual(client.keyMaterial, hex(ikm), "KS-X-002", "the client's IKM");
      },
    },
    {
      name: `handshake/key-schedule-${short}`,
      level: 0,
      requirements: ["KS-LBL-001"],
      about: `${vector.name}.json: every secret and key follows from IKM, T2 and T4`,
      run: async ({ testee }) => {
        const { values } = await testee.ask("keySchedule", {
          keyMaterial: hex(vector.key_exchange.ikm),
          helloHash: hex(vector.transcript["T2"]?.hash),
          identityHash: hex(vector.transcript["T4"]?.hash),
        });
        const { extracts, labels } = vector.key_schedule;
        for (const [name, { output }] of [...Object.entries(extracts), ...Object.entries(labels)])
          mustEqual(values[name], hex(output), "KS-LBL-001", name);
      },
    },
    {
      name: `handshake/proofs-${short}`,
      level: 0,
      requirements: ["KS-SIG-001", "KS-MAC-001"],
      about: `${vector.name}.json: signature inputs, signatures and confirmations of both roles`,
      run: async ({ testee }) => {
        for (const { name, role, signed, finished, key } of SIGNERS) {
          const expected = vector.proofs[name];
          const proof = await testee.ask("prove", {
            role,
            seed: hex(name === "server" ? vector.inputs.server_seed : vector.inputs.client_seed),
            signedHash: hex(vector.transcript[signed]?.hash),
            finishedKey: label(key),
            finishedHash: hex(vector.transcript[finished]?.hash),
          });
          mustEqual(proof.signatureInput, hex(expected.signature_input), "KS-SIG-001", `${name}'s input`);
          mustEqual(proof.signature, hex(expected.signature), "KS-SIG-001", `${name}'s signature`);
          mustEqual(proof.confirmation, hex(expected.confirmation), "KS-MAC-001", `${name}'s confirmation`);
        }
      },
    },
    {
      name: `handshake/sealed-frames-${short}`,
      level: 0,
      requirements: ["KS-SEAL-001", "KS-SEAL-002"],
      about: `${vector.name}.json: frames 3 to 5 seal to the octets that travelled, and open again`,
      run: async ({ testee }) => {
        for (const [name, keys] of Object.entries(SEALED)) {
          const { counter, message } = vector.sealed_frames[name as keyof typeof SEALED];
          const octets = hex(vector.frames[name as keyof typeof SEALED]);
          const shared = { key: label(`${keys}_key`), iv: label(`${keys}_iv`), counter };
          const sealed = await testee.ask("sealFrame", { ...shared, message: hex(message) });
          mustEqual(sealed.frame, octets, "KS-SEAL-001", name);
          const opened = await testee.ask("openFrame", { ...shared, frame: octets });
          mustBe(opened.error, "", "KS-SEAL-001", name);
          mustEqual(opened.message, hex(message), "KS-SEAL-001", name);
          const changed = octets.map((octet, i) => (i === octets.length - 1 ? octet ^ 1 : octet));
          const refused = await testee.ask("openFrame", { ...shared, frame: changed });
          mustBe(refused.error, "bad-seal", "KS-SEAL-002", `${name} with its last octet changed`);
        }
      },
    },
    {
      name: `handshake/decoded-${short}`,
      level: 0,
      requirements: ["HS-DEC-001", "HS-DEC-002"],
      about: `${vector.name}.json: every message and claim is well-formed`,
      run: async ({ testee }) => {
        const { MESSAGE, SERVER_CLAIM, CLIENT_CLAIM } = HandshakeKind;
        const octets: readonly [number, string, Uint8Array][] = [
          [MESSAGE, "F1", hex(vector.frames.F1).subarray(4)],
          [MESSAGE, "F2", hex(vector.frames.F2).subarray(4)],
          ...(["F3", "F4", "F5"] as const).map(
            (name) =>
              [MESSAGE, name, hex(vector.sealed_frames[name].message)] as [number, string, Uint8Array],
          ),
          [SERVER_CLAIM, "claim_s", hex(vector.proofs.server.claim)],
          [CLIENT_CLAIM, "claim_c", hex(vector.proofs.client.claim)],
        ];
        for (const [kind, name, bytes] of octets) {
          const answer = await testee.ask("decodeHandshake", { kind: kind as HandshakeKind, octets: bytes });
          mustBe(answer.error, "", "HS-DEC-001", name);
          must(answer.understood.length > 0, "HS-DEC-001", `${name}: nothing was understood`);
        }
      },
    },
  ];
});

/** The handshake's vectors, and those of its primitives. */
export const HANDSHAKE_VECTOR_CASES: readonly CaseDefinition[] = [
  ...perVector,
  {
    name: "primitives/ed25519-strict",
    level: 0,
    requirements: ["KS-ED-001"],
    about: "ed25519-strict.json: exactly the valid signatures verify",
    run: async ({ testee }) => {
      for (const vector of ED25519.cases) {
        const { valid } = await testee.ask("verify", {
          publicKey: hex(vector.public),
          message: hex(vector.message),
          signature: hex(vector.signature),
        });
        mustBe(valid, vector.valid, "KS-ED-001", vector.about);
      }
    },
  },
  {
    name: "primitives/x25519-refusals",
    level: 0,
    requirements: ["KS-X-001"],
    about: "x25519.json: a secret of all zeros is refused, every other agrees; in both roles",
    features: ["x25519"],
    run: async ({ testee }) => {
      for (const vector of X25519.cases) {
        for (const role of [Role.CLIENT, Role.SERVER]) {
          const answer = await testee.ask("keyExchange", {
            role,
            group: KeyExchangeGroup.X25519,
            x25519Secret: hex(vector.secret),
            peerShare: hex(vector.public),
          });
          if (vector.shared === null) mustBe(answer.error, "bad-key-share", "KS-X-001", vector.about);
          else mustEqual(answer.keyMaterial, hex(vector.shared), "KS-X-001", vector.about);
        }
      }
    },
  },
  {
    name: "primitives/frame-is-not-the-next",
    level: 0,
    requirements: ["KS-SEAL-001"],
    about: "frame 5 does not open as the first frame of its direction, nor frame 3 as the second",
    run: async ({ testee }) => {
      const [vector] = HANDSHAKES;
      if (vector === undefined) throw new Error("there are no vectors");
      const key = hex(vector.key_schedule.labels["s_hs_key"]?.output);
      const iv = hex(vector.key_schedule.labels["s_hs_iv"]?.output);
      for (const [name, counter] of [
        ["F5", 0],
        ["F3", 1],
      ] as const) {
        const answer = await testee.ask("openFrame", { key, iv, counter, frame: hex(vector.frames[name]) });
        mustBe(answer.error, "bad-seal", "KS-SEAL-001", `${name} as frame ${counter} of its direction`);
      }
      const f3 = hex(vector.frames.F3);
      const longer = concatBytes(Uint8Array.of(0, 0, 0, (f3[3] ?? 0) + 1), f3.subarray(4), Uint8Array.of(0));
      const answer = await testee.ask("openFrame", { key, iv, counter: 0, frame: longer });
      mustBe(answer.error, "bad-seal", "KS-SEAL-002", "F3 with an octet more");
    },
  },
];
