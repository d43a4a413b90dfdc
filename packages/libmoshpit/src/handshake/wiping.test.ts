import { describe, expect, it } from "vitest";
import { failure, Pair, seededEntropy, SESSION, type PairOptions } from "../../test/handshake-harness.js";
import { nobleCrypto, type CryptoProvider, type Entropy } from "../crypto/index.js";
import { after, seconds } from "../util/index.js";
import { RejectCode } from "../wire/index.js";
import { wipeConnectionSecrets } from "./key-schedule.js";

/** Every array that holds a secret of one handshake, by what it is. */
type Secrets = Map<Uint8Array, string>;

const SECRET_LABELS = ["x25519.client", "x25519.server", "mlkem768.seed", "mlkem768.encapsulation"];

function watchedEntropy(seed: string, secrets: Secrets): Entropy {
  const source = seededEntropy(seed);
  return {
    bytes: (label, length) => {
      const octets = source.bytes(label, length);
      if (SECRET_LABELS.includes(label)) secrets.set(octets, label);
      return octets;
    },
  };
}

function watchedCrypto(secrets: Secrets): CryptoProvider {
  const watch = <Octets extends Uint8Array | undefined>(octets: Octets, what: string): Octets => {
    if (octets !== undefined) secrets.set(octets, what);
    return octets;
  };
  return {
    ...nobleCrypto,
    x25519: {
      ...nobleCrypto.x25519,
      sharedSecret: (secret, publicKey) =>
        watch(nobleCrypto.x25519.sharedSecret(secret, publicKey), "X25519 result"),
    },
    mlKem768: {
      keyPair: (seed) => {
        const keys = nobleCrypto.mlKem768.keyPair(seed);
        watch(keys.decapsulationKey, "decapsulation key");
        return keys;
      },
      encapsulate: (key, randomness) => {
        const result = nobleCrypto.mlKem768.encapsulate(key, randomness);
        watch(result?.sharedSecret, "encapsulated secret");
        return result;
      },
      decapsulate: (key, ciphertext) =>
        watch(nobleCrypto.mlKem768.decapsulate(key, ciphertext), "decapsulated secret"),
    },
    hmacSha512: (key, ...parts) => {
      // Keys of HMAC are the salts, secrets and finished keys of the schedule; the protocol's name is public.
      if (key.length === 64) watch(key, "HMAC key");
      return nobleCrypto.hmacSha512(key, ...parts);
    },
    aes256GcmSiv: (key) => nobleCrypto.aes256GcmSiv(watch(key, "AEAD key")),
  };
}

function watchedPair(): { pair: Pair; secrets: Secrets } {
  const secrets: Secrets = new Map();
  const crypto = watchedCrypto(secrets);
  const options: PairOptions = {
    crypto,
    client: { entropy: watchedEntropy("w/client", secrets) },
    server: { entropy: watchedEntropy("w/server", secrets) },
  };
  return { pair: new Pair(options), secrets };
}

function left(secrets: Secrets): string[] {
  return [...secrets].filter(([octets]) => octets.some((octet) => octet !== 0)).map(([, what]) => what);
}

describe("at the handshake's end nothing secret is left (KS-WIPE-001)", () => {
  const ends: Record<string, (pair: Pair) => void> = {
    accepted: (pair) => {
      pair.accept();
      for (const event of [...pair.client.events, ...pair.server.events]) {
        if (event.type === "accepted" || event.type === "authorize") wipeConnectionSecrets(event.secrets);
      }
    },
    refused: (pair) => {
      wipeConnectionSecrets(pair.authorize().secrets);
      pair.server.run((m) => m.reject(pair.now, RejectCode.NOT_AUTHORIZED, ""));
      pair.toClient(pair.server.run((m) => m.handleTimeout(pair.server.timeoutAt)));
      expect(pair.client.events.at(-2)).toMatchObject({ type: "rejected", authenticated: true });
    },
    "not trusted": (pair) => {
      pair.identify();
      pair.client.run((m) => m.close(pair.now));
      pair.server.run((m) => m.handleEnd(pair.now));
    },
    "out of time": (pair) => {
      pair.identify();
      pair.client.run((m) => m.handleTimeout(after(pair.now, seconds(30))));
      pair.server.run((m) => m.handleTimeout(after(pair.now, seconds(30))));
      expect(failure(pair.client)).toBe("deadline-exceeded");
    },
    "failed at frame 2": (pair) => {
      pair.hello();
      pair.toClient([
        pair.server.sent[0]!.map((octet, i) => (i === 60 ? octet ^ 1 : octet)),
        pair.server.sent[1]!,
      ]);
      expect(failure(pair.client)).toBe("bad-seal");
      pair.server.run((m) => m.handleEnd(pair.now));
    },
    "failed at frame 5": (pair) => {
      wipeConnectionSecrets(pair.authorize().secrets);
      const [f5] = pair.server.run((m) => m.accept(pair.now, SESSION));
      pair.toClient([f5!.map((octet, i) => (i === 20 ? octet ^ 1 : octet))]);
      expect(failure(pair.client)).toBe("bad-seal");
    },
    "closed before it began": (pair) => {
      pair.client.run((m) => m.start(pair.now));
      pair.client.run((m) => m.close(pair.now));
    },
  };

  it.each(Object.keys(ends))("%s", (name) => {
    const { pair, secrets } = watchedPair();
    ends[name]!(pair);
    expect(secrets.size).toBeGreaterThan(1);
    expect(left(secrets)).toEqual([]);
  });

  it("but what the receiver of an event was given stays its own", () => {
    const { pair, secrets } = watchedPair();
    const { secrets: kept } = pair.authorize();
    pair.server.run((m) => m.close(pair.now));
    expect(kept.clientToServer.aeadKey.some((octet) => octet !== 0)).toBe(true);
    pair.client.run((m) => m.close(pair.now));
    wipeConnectionSecrets(kept);
    expect(left(secrets)).toEqual([]);
  });
});
