import { Checklist } from "libmoshpit-node/checklist";
import type { ClientConfig, Loaded } from "libmoshpit-node/config";
import { fingerprint, KeyFileError, KnownHosts, type Identity } from "libmoshpit-node/keys";
import {
  addressLiteral,
  dial,
  DialError,
  formatEndpoint,
  resolveHost,
  ResolveError,
} from "libmoshpit-node/net";
import { offeredSuites } from "../cipher-suites.js";
import { Failure, Interrupted, OWN_ERROR } from "../failure.js";
import { requestSession, type Granted } from "../handshake.js";
import { HostTrust } from "../host-trust.js";
import { loadIdentity } from "../identity.js";
import { accountName, nameOnServer } from "../login-name.js";
import { openRequest } from "../request.js";
import { onEndingSignal } from "../signals.js";
import { explainResolveError, type Target } from "../ui/explain.js";
import { askAboutHostKey } from "../ui/host-key-question.js";
import { ECHO_COMMAND } from "./echo.js";
import { tcpRemedies } from "./remedies.js";
import { Stop, took } from "./step.js";
import { checkUdp } from "./udp.js";

/** For one address; milliseconds. */
const DIAL_TIMEOUT_MS = 8_000;

/**
 * `mp --doctor`: tries each step of a connection by itself, in their order, tells how long each took, and stops at the
 * first that fails, with what to do about it. The exit status: 0 if all succeeded, 255 otherwise.
 */
export async function doctor(
  loaded: Extract<Loaded<ClientConfig>, { kind: "run" }>,
  list: Checklist = new Checklist((text) => void process.stdout.write(text)),
): Promise<number> {
  const { config, sources, warnings } = loaded;
  const leave = new AbortController();
  onEndingSignal((status) => leave.abort(new Interrupted(status)));
  list.ok("configuration", "every value is valid (mp config shows them)");
  for (const warning of warnings) list.warn("configuration", warning);
  try {
    const publicHalf = { path: config.publicKeyPath, given: sources.has("public_key_path") };
    const identity = await step(list, "key", () => loadIdentity(config.privateKeyPath, publicHalf));
    list.ok("key", `${fingerprint(identity.publicKey)} (${config.privateKeyPath})`);
    await step(list, "known hosts", () => checkKnownHosts(list, config));
    const user = await step(list, "user", () => config.destination.user ?? nameOnServer(accountName()));
    const target: Target = { user, host: config.destination.host, port: config.serverPort };
    await checkName(list, target);
    await checkTcp(list, target, leave.signal);
    const granted = await checkHandshake(list, { config, identity, target, signal: leave.signal });
    await checkUdp(list, granted, target.port, leave.signal);
  } catch (error) {
    if (error instanceof Interrupted) return error.status;
    if (!(error instanceof Stop)) throw error;
  }
  return list.failures === 0 ? 0 : OWN_ERROR;
}

/** Runs a step; a `Failure` of it is told, and ends everything. */
async function step<T>(list: Checklist, subject: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    list.fail(subject, error.message);
    throw new Stop();
  }
}

async function checkKnownHosts(list: Checklist, { knownHosts }: ClientConfig): Promise<void> {
  try {
    const { malformed } = await KnownHosts.load(knownHosts);
    list.ok("known hosts", knownHosts);
    for (const line of malformed)
      list.warn("known hosts", `${knownHosts}:${line} is not used: it is no entry`);
  } catch (error) {
    throw error instanceof KeyFileError ? new Failure(error.message) : error;
  }
}

async function checkName(list: Checklist, { host }: Target): Promise<void> {
  if (addressLiteral(host) !== undefined) {
    list.ok("name", `${host} is an address`);
    return;
  }
  list.lap();
  try {
    const addresses = await resolveHost(host);
    list.ok("name", `${host} is ${addresses.map((each) => each.address).join(", ")} (${took(list)})`);
  } catch (error) {
    if (!(error instanceof ResolveError)) throw error;
    list.fail("name", `${explainResolveError(error)} (${took(list)})`, `getent ahosts -- ${host}`);
    throw new Stop();
  }
}

/** Each address by itself: one that does not answer costs every connection time. */
async function checkTcp(list: Checklist, target: Target, signal: AbortSignal): Promise<void> {
  let answered = 0;
  const failed: { where: string; code: string; after: string }[] = [];
  for (const address of await resolveHost(target.host)) {
    const where = formatEndpoint(address.address, target.port);
    list.lap();
    try {
      const { socket } = await dial([address], { port: target.port, timeoutMs: DIAL_TIMEOUT_MS, signal });
      socket.destroy();
      answered += 1;
      list.ok("TCP port", `${where} answers (${took(list)})`);
    } catch (error) {
      if (!(error instanceof DialError)) throw error;
      failed.push({ where, code: error.code, after: took(list) });
    }
  }
  for (const { where, code, after } of failed) {
    const text = `${where} does not take a connection: ${code} (${after})`;
    if (answered > 0) list.warn("TCP port", `${text}; the other addresses do`);
    else list.fail("TCP port", text, ...tcpRemedies(code, target));
  }
  if (answered === 0) throw new Stop();
}

async function checkHandshake(
  list: Checklist,
  {
    config,
    identity,
    target,
    signal,
  }: {
    readonly config: ClientConfig;
    readonly identity: Identity;
    readonly target: Target;
    readonly signal: AbortSignal;
  },
): Promise<Granted> {
  const { hostFingerprint: pinned, acceptNewHostKey: acceptNew, knownHosts } = config;
  const trust = new HostTrust(
    { host: target.host, port: target.port, pinned, acceptNew },
    knownHosts,
    askAboutHostKey,
    (text) => list.warn("known hosts", text),
  );
  list.lap();
  const granted = await step(list, "handshake", () =>
    requestSession({
      target,
      identity,
      trust,
      request: { case: "open", value: openRequest({}, ECHO_COMMAND, undefined) },
      cipherSuites: offeredSuites(config.cipherSuite),
      signal,
      waiting: () => undefined,
    }),
  );
  list.ok("handshake", `${target.user} is let in, both sides are proved (${took(list)})`);
  return granted;
}
