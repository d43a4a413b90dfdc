import { ascii, concatBytes, micros, millis, seconds, type Micros } from "libmoshpit/util";
import { CipherSuite, KeyExchangeGroup, type AcceptedInit, type ConnectionSecrets } from "libmoshpit/wire";
import { nodeCrypto } from "libmoshpit-node/crypto";
import { labelledEntropy } from "../protocol/entropy.js";
import { must, type CaseContext } from "../run/case.js";
import { identityOf, RunnerClient, RunnerServer, type HandshakeDeviation } from "./handshake.js";
import { Subject } from "./subject.js";

/** Virtual time at which every case begins: not zero, and no round number of milliseconds. */
export const START: Micros = micros(seconds(1_000) + 137);

export const SERVER_ADDRESS = "server:50007";
export const USER = "alice";
export const CONNECTION_ID = 0x9a3c_51f0_0000_0b17n;

export interface SetupOptions {
  readonly groups?: readonly KeyExchangeGroup[];
  readonly suites?: readonly CipherSuite[];
  readonly terminal?: boolean;
  readonly manualTaking?: boolean;
  readonly detachedLifetime?: Micros;
  readonly firstDatagramSeconds?: number;
  readonly deviation?: HandshakeDeviation;
  /** Default true: the testee knows the runner's key. */
  readonly trusted?: boolean;
  /** Further keys that it knows. */
  readonly alsoTrusted?: readonly Uint8Array[];
  /** Called as soon as there is an endpoint. */
  readonly onSubject?: (subject: Subject) => void;
}

/** An endpoint of the testee after its handshake with the runner. */
export interface Established {
  readonly subject: Subject;
  readonly secrets: ConnectionSecrets;
}

/** Creates the endpoint and plays the other side of its handshake. */
export async function establish(context: CaseContext, options: SetupOptions = {}): Promise<Established> {
  const subject = await makeSubject(context, options);
  options.onSubject?.(subject);
  const secrets =
    context.role === "client"
      ? await serveClient(context, subject, options)
      : await dialServer(context, subject, options);
  return { subject, secrets };
}

/** The endpoint, with nothing said yet but a client's hello. */
export async function makeSubject(context: CaseContext, options: SetupOptions = {}): Promise<Subject> {
  const { groups = [KeyExchangeGroup.X25519], suites = DEFAULT_SUITES, trusted = true } = options;
  const own = context.role;
  const peer = own === "client" ? "server" : "client";
  const { terminal = true, manualTaking = false, detachedLifetime = 0 } = options;
  return await Subject.create(context, START, {
    identitySeed: identityOf(nodeCrypto, own).seed,
    trustedKeys: trusted ? [identityOf(nodeCrypto, peer).publicKey, ...(options.alsoTrusted ?? [])] : [],
    entropySeed: concatBytes(ascii(`testee/${own}/${context.seed}`)),
    groups: [...groups],
    cipherSuites: [...suites],
    manualTaking,
    detachedLifetime: BigInt(detachedLifetime),
    ...(own === "client"
      ? { user: USER, serverAddress: SERVER_ADDRESS, open: openRequest(terminal) }
      : { accepted: sessionAccepted(options) }),
  });
}

export const DEFAULT_SUITES: readonly CipherSuite[] = [CipherSuite.AES_256_GCM_SIV_HMAC_SHA512];

/** What a session is granted. */
export function sessionAccepted({ firstDatagramSeconds = 30 }: SetupOptions): {
  sessionId: Uint8Array;
  sessionName: string;
  attachmentId: Uint8Array;
  generation: number;
  connectionId: bigint;
  udpPort: number;
  firstDatagramSeconds: number;
} {
  return {
    sessionId: new Uint8Array(16).fill(1),
    sessionName: "s1",
    attachmentId: new Uint8Array(16).fill(2),
    generation: 1,
    connectionId: CONNECTION_ID,
    udpPort: 50_007,
    firstDatagramSeconds,
  };
}

function openRequest(terminal: boolean): {
  terminal?: { term: string; size: { columns: number; rows: number } };
} {
  return terminal ? { terminal: { term: "xterm-256color", size: { columns: 80, rows: 24 } } } : {};
}

/** The time that a flight of the handshake takes. */
const FLIGHT = millis(20);

async function serveClient(
  context: CaseContext,
  subject: Subject,
  options: SetupOptions,
): Promise<ConnectionSecrets> {
  const server = new RunnerServer({
    crypto: nodeCrypto,
    entropy: labelledEntropy(nodeCrypto, ascii(`runner/${context.seed}`)),
    identity: identityOf(nodeCrypto, "server"),
    ...(options.deviation && { deviation: options.deviation }),
  });
  const [f2, f3] = server.answer(takeTcp(subject)) as [Uint8Array, Uint8Array];
  subject.moveTo(micros(subject.now + FLIGHT));
  await subject.step({ case: "tcp", value: { octets: concatBytes(f2, f3) } });
  const accepted: AcceptedInit = { result: { case: "session", value: sessionAccepted(options) } };
  const { f5, secrets, claim } = server.accept(takeTcp(subject), () => accepted);
  must(claim.user === USER, "HS-CI-004", `the client claims the account ${claim.user}`);
  must(claim.request.case === "open", "HS-AC-001", `the client asks for ${claim.request.case}`);
  subject.moveTo(micros(subject.now + FLIGHT));
  await subject.step({ case: "tcp", value: { octets: f5 } });
  must(subject.tcpEnded, "HS-AC-003", "the client did not close TCP after F5");
  return secrets;
}

async function dialServer(
  context: CaseContext,
  subject: Subject,
  options: SetupOptions,
): Promise<ConnectionSecrets> {
  const { groups = [KeyExchangeGroup.X25519], suites = DEFAULT_SUITES, terminal = true } = options;
  const request = { case: "open", value: openRequest(terminal) } as const;
  const client = new RunnerClient(
    {
      crypto: nodeCrypto,
      entropy: labelledEntropy(nodeCrypto, ascii(`runner/${context.seed}`)),
      identity: identityOf(nodeCrypto, "client"),
      user: USER,
      request,
      ...(options.deviation && { deviation: options.deviation }),
    },
    { groups, suites },
  );
  subject.moveTo(micros(subject.now + FLIGHT));
  await subject.step({ case: "tcp", value: { octets: client.hello } });
  const { identity, finish } = client.identified(takeTcp(subject));
  subject.moveTo(micros(subject.now + FLIGHT));
  await subject.step({ case: "tcp", value: { octets: identity } });
  const { message, secrets } = finish(takeTcp(subject));
  must(
    message.case === "accepted" && message.value.result.case === "session",
    "HS-AC-001",
    `the server answered an OpenRequest with ${message.case}`,
  );
  must(subject.tcpEnded, "HS-AC-003", "the server did not close TCP after F5");
  return secrets;
}

/** What the endpoint wrote to TCP since the last call. */
export function takeTcp(subject: Subject): Uint8Array {
  return concatBytes(...subject.tcp.splice(0));
}
