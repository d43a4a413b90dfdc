import { readFileSync } from "node:fs";
import { fromHex } from "libmoshpit/util";
import { CipherSuite, type KeyExchangeGroup } from "libmoshpit/wire";

/** The vectors lie beside the bundle's folder, and beside the sources'. */
function read<Vector>(name: string): Vector {
  for (const place of ["../vectors/", "../../vectors/"]) {
    try {
      return JSON.parse(readFileSync(new URL(`${place}${name}.json`, import.meta.url), "utf8")) as Vector;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  throw new Error(`there is no vector ${name}`);
}

export const SUITE_NAMES: Readonly<Record<string, CipherSuite>> = {
  AES_256_GCM_SIV_HMAC_SHA512: CipherSuite.AES_256_GCM_SIV_HMAC_SHA512,
  AES_256_GCM_SIV_HMAC_SHA512_256: CipherSuite.AES_256_GCM_SIV_HMAC_SHA512_256,
};

export interface PacketVectors {
  readonly connectionId: string;
  readonly aeadKey: string;
  readonly aeadIv: string;
  readonly macKey: string;
  readonly sealed: readonly {
    readonly about: string;
    readonly suite: string;
    readonly packetNumber: number;
    readonly payload: string;
    readonly datagram: string;
  }[];
  readonly dropped: readonly {
    readonly about: string;
    readonly suite: string;
    readonly datagram: string;
    readonly reason: string;
  }[];
  readonly replay: {
    readonly window: number;
    readonly steps: readonly { readonly packetNumber: number; readonly becomes: string }[];
  };
}

export interface HandshakeVectors {
  readonly name: string;
  readonly inputs: {
    readonly client_seed: string;
    readonly server_seed: string;
    readonly client_entropy: Readonly<Record<string, string>>;
    readonly server_entropy: Readonly<Record<string, string>>;
  };
  readonly frames: Readonly<Record<"F1" | "F2" | "F3" | "F4" | "F5", string>>;
  readonly key_exchange: {
    readonly group: KeyExchangeGroup;
    readonly client_shares: readonly { readonly group: number; readonly share: string }[];
    readonly server_share: string;
    readonly ikm: string;
  };
  readonly transcript: Readonly<Record<string, { readonly over: readonly string[]; readonly hash: string }>>;
  readonly key_schedule: {
    readonly extracts: Readonly<Record<string, { readonly output: string }>>;
    readonly labels: Readonly<Record<string, { readonly output: string }>>;
  };
  readonly sealed_frames: Readonly<
    Record<"F3" | "F4" | "F5", { readonly counter: number; readonly message: string }>
  >;
  readonly proofs: Readonly<
    Record<
      "server" | "client",
      {
        readonly claim: string;
        readonly signature_input: string;
        readonly signature: string;
        readonly confirmation: string;
      }
    >
  >;
}

export const PACKETS: PacketVectors = read("packets");
export const HANDSHAKES: readonly HandshakeVectors[] = [
  "handshake-hybrid",
  "handshake-x25519",
  "handshake-truncated-suite",
  "handshake-not-authorized",
].map((name) => read<HandshakeVectors>(name));
export const ED25519: {
  readonly cases: readonly {
    readonly about: string;
    readonly public: string;
    readonly message: string;
    readonly signature: string;
    readonly valid: boolean;
  }[];
} = read("ed25519-strict");
export const X25519: {
  readonly cases: readonly {
    readonly about: string;
    readonly secret: string;
    readonly public: string;
    readonly shared: string | null;
  }[];
} = read("x25519");

/** The octets of a value of a vector. */
export function hex(text: string | undefined): Uint8Array {
  if (text === undefined) throw new Error("a vector lacks a value");
  return fromHex(text);
}
