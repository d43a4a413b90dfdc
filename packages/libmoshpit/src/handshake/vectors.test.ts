import { createHash, createHmac, hkdfSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Pair, SESSION } from "../../test/handshake-harness.js";
import { rejectedVector, SCENARIOS } from "../../test/vectors/handshake-vectors.js";
import { VECTORS } from "../../test/vectors/index.js";
import { nobleCrypto, type Entropy } from "../crypto/index.js";
import { fromHex, toHex } from "../util/index.js";
import { RejectCode } from "../wire/index.js";
import { identityFromSeed } from "./identity.js";

const folder = new URL("../../../../conformance/vectors/", import.meta.url);

interface Label {
  readonly secret: string;
  readonly label: string;
  readonly context: string;
  readonly info: string;
  readonly output: string;
}

interface Vector {
  readonly inputs: {
    readonly client_seed: string;
    readonly server_seed: string;
    readonly user: string;
    readonly client_entropy: Record<string, string>;
    readonly server_entropy: Record<string, string>;
  };
  readonly frames: Record<string, string>;
  readonly key_exchange: Record<string, string>;
  readonly transcript: { readonly P: string } & Record<string, unknown>;
  readonly key_schedule: {
    readonly extracts: Record<
      string,
      { readonly salt: string; readonly ikm: string; readonly output: string }
    >;
    readonly labels: Record<string, Label>;
  };
  readonly sealed_frames: Record<string, Record<string, string>>;
  readonly proofs: Record<"server" | "client", Record<string, string>>;
}

function read(name: string): Vector {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as Vector;
}

/** The transcript hashes of a vector by name. */
function hashesOf(
  vector: Vector,
): Record<string, { readonly over: readonly string[]; readonly hash: string }> {
  const { P: _, ...hashes } = vector.transcript;
  return hashes as ReturnType<typeof hashesOf>;
}

/** The recorded octets, each label once. */
function replayed(entropy: Record<string, string>): Entropy {
  const left = new Map(Object.entries(entropy));
  return {
    bytes: (label, length) => {
      const octets = fromHex(left.get(label) ?? "");
      left.delete(label);
      if (octets.length !== length) throw new Error(`${label} is not ${length} octets`);
      return octets;
    },
  };
}

const sha512 = (hex: string): string => createHash("sha512").update(hex, "hex").digest("hex");
const hmac = (key: string, hex: string): string =>
  createHmac("sha512", Buffer.from(key, "hex")).update(hex, "hex").digest("hex");
const item = (hex: string): string => (hex.length / 2).toString(16).padStart(8, "0") + hex;

const scenarios = SCENARIOS.map(({ name }) => name);

describe("the vectors", () => {
  it.each(Object.keys(VECTORS))("are what is generated: %s", (name) => {
    expect(JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"))).toEqual(VECTORS[name]!());
  });

  it.each(SCENARIOS)(
    "are replayed byte by byte by both machines: $name (KS-TR-001, KS-LBL-001)",
    (scenario) => {
      const vector = read(scenario.name);
      const { inputs, frames } = vector;
      const pair = new Pair({
        client: {
          identity: identityFromSeed(nobleCrypto, fromHex(inputs.client_seed)),
          entropy: replayed(inputs.client_entropy),
          user: inputs.user,
          ...scenario.client,
        },
        server: {
          identity: identityFromSeed(nobleCrypto, fromHex(inputs.server_seed)),
          entropy: replayed(inputs.server_entropy),
        },
      });
      const { secrets } = pair.authorize();
      if (scenario.answer === "accept") pair.server.run((m) => m.accept(pair.now, SESSION));
      else {
        pair.server.run((m) => m.reject(pair.now, RejectCode.NOT_AUTHORIZED, ""));
        pair.server.run((m) => m.handleTimeout(pair.server.timeoutAt));
      }
      expect(pair.client.sent.map(toHex)).toEqual([frames["F1"], frames["F4"]]);
      expect(pair.server.sent.map(toHex)).toEqual([frames["F2"], frames["F3"], frames["F5"]]);
      const { labels } = vector.key_schedule;
      const [c, s] = [secrets.clientToServer, secrets.serverToClient];
      expect([c.aeadKey, c.aeadIv, c.macKey, s.aeadKey, s.aeadIv, s.macKey].map(toHex)).toEqual(
        ["c_udp_key", "c_udp_iv", "c_udp_mac", "s_udp_key", "s_udp_iv", "s_udp_mac"].map(
          (label) => labels[label]!.output,
        ),
      );
    },
  );

  it("of a hello with nothing in common is replayed too (HS-CH-011)", () => {
    expect(rejectedVector()).toEqual(read("handshake-rejected"));
  });
});

// From here on nothing of the implementation is used: the formulas of spec/04-key-schedule.md over node:crypto.
describe("the vectors' intermediate values follow from the formulas", () => {
  it.each(scenarios)("transcript hashes: %s (KS-TR-001)", (name) => {
    const vector = read(name);
    const { frames, proofs } = vector;
    const parts: Record<string, string> = {
      ...frames,
      P: Buffer.from("moshpit v1").toString("hex"),
      "Item(claim_s)": item(proofs.server["claim"]!),
      "Item(signature_s)": item(proofs.server["signature"]!),
      "Item(claim_c)": item(proofs.client["claim"]!),
      "Item(signature_c)": item(proofs.client["signature"]!),
    };
    expect(vector.transcript.P).toBe(parts["P"]);
    const hashes = Object.values(hashesOf(vector));
    expect(hashes.length).toBe(6);
    for (const { over, hash } of hashes) expect(sha512(over.map((part) => parts[part]).join(""))).toBe(hash);
  });

  it.each(scenarios)("secrets and keys: %s (KS-LBL-001)", (name) => {
    const vector = read(name);
    const { key_schedule, key_exchange } = vector;
    const secrets: Record<string, string> = {};
    for (const [secret, { salt, ikm, output }] of Object.entries(key_schedule.extracts)) {
      expect(hmac(salt, ikm)).toBe(output);
      secrets[secret] = output;
    }
    expect(key_schedule.extracts["handshake_secret"]!.ikm).toBe(key_exchange["ikm"]);
    for (const [key, { secret, label, context, info, output }] of Object.entries(key_schedule.labels)) {
      const length = output.length / 2;
      expect(info).toBe(infoOf(label, context, length));
      expect(expandOf(secrets[secret]!, info, length)).toBe(output);
      secrets[key] = output;
    }
    expect(key_schedule.extracts["main_secret"]!.salt).toBe(secrets["derived"]);
    expect(key_schedule.labels["c_hs"]!.context).toBe(hashesOf(vector)["T2"]!.hash);
    expect(key_schedule.labels["s_udp"]!.context).toBe(hashesOf(vector)["T4"]!.hash);
  });

  it.each(scenarios)("the whole HKDF, once, against node's own: %s", (name) => {
    const { key_schedule } = read(name);
    const { salt, ikm } = key_schedule.extracts["handshake_secret"]!;
    const { info, output } = key_schedule.labels["c_hs"]!;
    const octets = (hex: string): Buffer => Buffer.from(hex, "hex");
    const derived = hkdfSync("sha512", octets(ikm), octets(salt), octets(info), 64);
    expect(Buffer.from(derived).toString("hex")).toBe(output);
  });

  it.each(scenarios)("confirmations and signature inputs: %s (KS-SIG-001, KS-MAC-001)", (name) => {
    const vector = read(name);
    const { proofs, key_schedule } = vector;
    const hashes = hashesOf(vector);
    for (const [role, finished, signed, end] of [
      ["server", "s_hs_finished", "T3sig", "T3fin"],
      ["client", "c_hs_finished", "T4sig", "T4fin"],
    ] as const) {
      const confirmation = hmac(key_schedule.labels[finished]!.output, hashes[end]!.hash);
      expect(proofs[role]["confirmation"]).toBe(confirmation);
      const context = Buffer.from(`${" ".repeat(64)}moshpit v1, ${role} identity`).toString("hex");
      expect(proofs[role]["signature_input"]).toBe(`${context}00${hashes[signed]!.hash}`);
    }
  });

  it.each(scenarios)("nonces and lengths of the sealed frames: %s (KS-SEAL-001)", (name) => {
    const { sealed_frames, frames, key_schedule } = read(name);
    for (const [frame, iv, counter] of [
      ["F3", "s_hs_iv", 0],
      ["F4", "c_hs_iv", 0],
      ["F5", "s_hs_iv", 1],
    ] as const) {
      const nonce = Buffer.from(key_schedule.labels[iv]!.output, "hex");
      nonce[11]! ^= counter;
      expect(sealed_frames[frame]!["nonce"]).toBe(nonce.toString("hex"));
      expect(sealed_frames[frame]!["additional_data"]).toBe(frames[frame]!.slice(0, 8));
      expect(frames[frame]!.length).toBe(8 + sealed_frames[frame]!["message"]!.length + 32);
    }
  });
});

/** u16 length, the label and the context each after its u8 length. */
function infoOf(label: string, context: string, length: number): string {
  const full = Buffer.from(`moshpit v1 ${label}`);
  return Buffer.concat([
    Buffer.from([length >> 8, length & 0xff, full.length]),
    full,
    Buffer.from([context.length / 2]),
    Buffer.from(context, "hex"),
  ]).toString("hex");
}

/** HKDF-Expand, written out. */
function expandOf(prk: string, info: string, length: number): string {
  let [block, out] = ["", ""];
  for (let i = 1; out.length < 2 * length; i++) {
    block = hmac(prk, block + info + i.toString(16).padStart(2, "0"));
    out += block;
  }
  return out.slice(0, 2 * length);
}
