import { CipherSuite, KeyExchangeGroup } from "libmoshpit/wire";
import { ascii, concatBytes, micros, millis } from "libmoshpit/util";
import { nodeCrypto } from "libmoshpit-node/crypto";
import { identityOf, RunnerClient, RunnerServer } from "../peer/handshake.js";
import { Session } from "../peer/session.js";
import { DEFAULT_SUITES, makeSubject, takeTcp, USER, type SetupOptions } from "../peer/setup.js";
import { labelledEntropy } from "../protocol/entropy.js";
import { must, type CaseContext, type CaseDefinition } from "../run/case.js";
import { mustBe } from "./check.js";

const BOTH = ["client", "server"] as const;
const KEY = Uint8Array.of(0x6b);

/** The handshake, and a key each way under what came of it. */
async function mustCarryKeys(context: CaseContext, options: SetupOptions): Promise<void> {
  const session = await Session.open(context, options);
  await session.greet();
  await session.write(KEY);
  await session.give([session.peer.data(KEY)]);
  await session.runFor(300);
  session.mustDeliverAll();
  mustBe(session.peerStream.length, 1, "KS-LBL-001", "octets that arrived");
}

/** The hello inside a HandshakeMessage, written elsewise: the same message in other octets. */
function rewritten(change: (inner: Uint8Array) => Uint8Array): (encoded: Uint8Array) => Uint8Array {
  return (encoded) => {
    const [tag = 0, low = 0] = encoded;
    const inner = change(encoded.subarray(low < 0x80 ? 2 : 3));
    // A length of two octets, however short it is.
    return concatBytes(Uint8Array.of(tag, (inner.length & 0x7f) | 0x80, inner.length >>> 7), inner);
  };
}

/** `versions` packed, as 0a 01 01, becomes unpacked; `version`, as 08 01, moves to the end. */
const OTHER_OCTETS = {
  server: rewritten((inner) => concatBytes(Uint8Array.of(0x08, 1), inner.subarray(3))),
  client: rewritten((inner) => concatBytes(inner.subarray(2), inner.subarray(0, 2))),
};

const runner = (
  context: CaseContext,
  role: "client" | "server",
): ConstructorParameters<typeof RunnerServer>[0] => ({
  crypto: nodeCrypto,
  entropy: labelledEntropy(nodeCrypto, ascii(`runner/${context.seed}`)),
  identity: identityOf(nodeCrypto, role),
});

/** Handshakes of an endpoint with the runner, which verifies all that is proved. */
export const HANDSHAKE_CASES: readonly CaseDefinition[] = [
  {
    name: "handshake/hybrid",
    level: 2,
    roles: BOTH,
    features: ["x25519-mlkem768"],
    requirements: ["KS-LBL-001", "HS-CH-001", "HS-CH-011", "KS-SIG-001"],
    about: "the default handshake: proofs verify, and both sides have the keys of the datagrams",
    run: (context) =>
      mustCarryKeys(context, { groups: [KeyExchangeGroup.X25519_MLKEM768, KeyExchangeGroup.X25519] }),
  },
  {
    name: "handshake/x25519",
    level: 2,
    roles: BOTH,
    features: ["x25519"],
    requirements: ["KS-LBL-001", "KS-SIG-001"],
    about: "the same with X25519 alone",
    run: (context) => mustCarryKeys(context, { groups: [KeyExchangeGroup.X25519] }),
  },
  {
    name: "handshake/truncated-mac",
    level: 2,
    roles: BOTH,
    features: ["hmac-sha512-256"],
    requirements: ["PK-SEAL-003"],
    about: "the suite with the truncated HMAC: packets carry 32 octets of it",
    run: (context) => mustCarryKeys(context, { suites: [CipherSuite.AES_256_GCM_SIV_HMAC_SHA512_256] }),
  },
  {
    name: "handshake/octets-as-they-travelled",
    level: 2,
    roles: BOTH,
    requirements: ["KS-TR-001"],
    about:
      "the runner's hello is well-formed, but not as an encoder writes it: its octets are what is hashed",
    run: (context) => mustCarryKeys(context, { deviation: { hello: OTHER_OCTETS[context.role] } }),
  },
  {
    name: "handshake/host-key-not-trusted",
    level: 2,
    roles: ["client"],
    requirements: ["HS-SI-004"],
    about: "a client that does not know the host key sends nothing after F3",
    run: async (context) => {
      const subject = await makeSubject(context, { trusted: false });
      const server = new RunnerServer(runner(context, "server"));
      const flight = server.answer(takeTcp(subject));
      subject.moveTo(micros(subject.now + millis(20)));
      await subject.step({ case: "tcp", value: { octets: concatBytes(...flight) } });
      mustBe(takeTcp(subject).length, 0, "HS-SI-004", "octets sent to a server that is not trusted");
    },
  },
  {
    name: "handshake/not-authorized",
    level: 2,
    roles: ["server"],
    requirements: ["HS-NA-001", "HS-NA-002"],
    about: "a key that is not authorized is refused with one text, 250 ms after F4 and not before",
    run: async (context) => {
      const subject = await makeSubject(context, { trusted: false });
      const request = { case: "open", value: {} } as const;
      const groups = [KeyExchangeGroup.X25519];
      const client = new RunnerClient(
        { ...runner(context, "client"), user: USER, request },
        { groups, suites: DEFAULT_SUITES },
      );
      await subject.step({ case: "tcp", value: { octets: client.hello } });
      const { identity, finish } = client.identified(takeTcp(subject));
      await subject.step({ case: "tcp", value: { octets: identity } });
      const asked = subject.now;
      mustBe(takeTcp(subject).length, 0, "HS-NA-002", "octets sent at once");
      while (subject.tcp.length === 0 && subject.nextTimer <= asked + 2_000_000) {
        subject.moveTo(subject.nextTimer);
        await subject.advance();
      }
      mustBe((subject.now - asked) / 1000, 250, "HS-NA-002", "milliseconds until the refusal");
      const { message } = finish(takeTcp(subject));
      must(message.case === "rejected", "HS-NA-001", `the answer is ${message.case}`);
      mustBe(message.value.code, 4, "HS-NA-001", "the code");
      mustBe(message.value.text, "not authorized", "HS-NA-001", "the text");
    },
  },
];
