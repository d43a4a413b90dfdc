import {
  KeyExchangeGroup,
  PROTOCOL_VERSION,
  RejectCode,
  type CipherSuite,
  type ClientHello,
} from "../wire/index.js";
import type { Share } from "./key-exchange.js";

/** What the server takes of the client's offers. */
export interface Choice {
  readonly kind: "choice";
  readonly version: number;
  readonly share: Share;
  readonly cipherSuite: CipherSuite;
}

/** What to reject with where nothing is in common; `error` is the code of the `PeerError`. */
export interface NothingInCommon {
  readonly kind: "nothing-in-common";
  readonly rejectCode: RejectCode;
  readonly error: string;
  readonly text: string;
}

const NO_VERSION: NothingInCommon = {
  kind: "nothing-in-common",
  rejectCode: RejectCode.UNSUPPORTED_VERSION,
  error: "unsupported-version",
  text: "no protocol version in common",
};

const NO_GROUP: NothingInCommon = {
  kind: "nothing-in-common",
  rejectCode: RejectCode.UNSUPPORTED_GROUP,
  error: "unsupported-group",
  text: "no key exchange group in common",
};

const NO_SUITE: NothingInCommon = {
  kind: "nothing-in-common",
  rejectCode: RejectCode.UNSUPPORTED_SUITE,
  error: "unsupported-suite",
  text: "no cipher suite in common",
};

/** Chooses, in the order of spec/03-handshake.md 3.3: version, group, suite. HS-CH-010 to HS-CH-012. */
export function negotiate(
  hello: ClientHello,
  groups: readonly KeyExchangeGroup[],
  suites: readonly CipherSuite[],
): Choice | NothingInCommon {
  if (!hello.versions.includes(PROTOCOL_VERSION)) return NO_VERSION;
  const share = chooseShare(hello.keyShares, groups);
  if (share === undefined) return NO_GROUP;
  const cipherSuite = hello.cipherSuites.find((suite) => suites.includes(suite));
  if (cipherSuite === undefined) return NO_SUITE;
  return { kind: "choice", version: PROTOCOL_VERSION, share, cipherSuite };
}

/** Who offers the hybrid gets the hybrid or nothing. */
function chooseShare(shares: readonly Share[], groups: readonly KeyExchangeGroup[]): Share | undefined {
  const hybrid = shares.find(({ group }) => group === KeyExchangeGroup.X25519_MLKEM768);
  const candidates = hybrid === undefined ? shares : [hybrid];
  return candidates.find(({ group }) => groups.includes(group));
}
