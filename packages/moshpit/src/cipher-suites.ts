import { CipherSuite } from "libmoshpit/wire";
import type { CipherSuiteName } from "libmoshpit-node/config";

const SUITES: Readonly<Record<CipherSuiteName, CipherSuite>> = {
  "aes-256-gcm-siv-hmac-sha512": CipherSuite.AES_256_GCM_SIV_HMAC_SHA512,
  "aes-256-gcm-siv-hmac-sha512-256": CipherSuite.AES_256_GCM_SIV_HMAC_SHA512_256,
};

/** What to offer: the configured suite alone, or (undefined) all of them. */
export function offeredSuites(name: CipherSuiteName | undefined): readonly CipherSuite[] | undefined {
  return name === undefined ? undefined : [SUITES[name]];
}
