import { toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import {
  ClientHandshake,
  identityFromSeed,
  ServerHandshake,
  type AuthorizeEvent,
  type ClientHandshakeEvent,
  type ServerHandshakeConfig,
  type ServerHandshakeEvent,
} from "libmoshpit/handshake";
import { equalBytes, micros, NEVER, seconds, UsageError, type Micros } from "libmoshpit/util";
import {
  decodeOpenRequest,
  RejectCode,
  type AcceptedInit,
  type CloseReason,
  type ClientRequest,
  type ConnectionSecrets,
  type ResumeRequest,
  type SessionAccepted,
} from "libmoshpit/wire";
import { nodeCrypto } from "libmoshpit-node/crypto";
import {
  Role,
  type CreateRequest,
  type EffectSchema,
  type StepRequest,
} from "../../src/gen/moshpit/conformance/v1/testee_pb.js";
import { OpenRequestSchema, type TerminalSize } from "../../src/gen/moshpit/v1/handshake_pb.js";
import type { Close } from "../../src/gen/moshpit/v1/packet_pb.js";
import { labelledEntropy } from "../../src/protocol/entropy.js";
import { SessionMachine, type SessionEvent } from "../../src/reference/session-machine.js";
import type { EffectsInit } from "./endpoints.js";
import { grantResumption, resumeRequest, takeResumption, type Attempt, type Opener } from "./resumption.js";
import { closeInit, WIRE_REASONS } from "./understood-payload.js";

type EffectInit = NonNullable<MessageInitShape<typeof EffectSchema>["effect"]>;

/** One side of an attachment: its handshake, then its session, on the runner's time. */
export class Endpoint {
  readonly #config: CreateRequest;
  #handshake: ClientHandshake | ServerHandshake;
  readonly #entropy: ReturnType<typeof labelledEntropy>;
  readonly #effects: EffectInit[] = [];
  #session: SessionMachine | undefined;
  #isOver = false;
  #now: Micros;
  /** A client's: what it was granted last, and the attempt to resume that is under way. */
  #granted: SessionAccepted | undefined;
  #attempt: Attempt | undefined;
  /** A server's: who opened the session, and the id of the next connection. */
  #opener: Opener | undefined;
  #nextConnectionId = 0n;

  constructor(config: CreateRequest) {
    this.#config = config;
    this.#now = timeOf(config.now);
    this.#entropy = labelledEntropy(nodeCrypto, config.entropySeed);
    this.#handshake = this.#makeHandshake();
    this.#handshake.start(this.#now);
  }

  /** One input; what follows from it is in the next `drain`. */
  step(request: StepRequest): void {
    const now = timeOf(request.now);
    if (now < this.#now) throw new UsageError("time went back");
    this.#now = now;
    const { input } = request;
    switch (input.case) {
      case "advance":
        this.#handshake.handleTimeout(now);
        this.#session?.handleTimeout(now);
        return;
      case "tcp":
        return this.#handshake.handleBytes(now, input.value.octets);
      case "tcpEnd":
        return this.#handshake.handleEnd(now);
      case "datagram":
        // Before Accepted nobody is there for datagrams.
        return this.#session?.handleDatagram(now, input.value.address, input.value.octets);
      case "typed":
        return this.#established.write(now, input.value.octets);
      case "output": {
        const { octets, standardError } = input.value;
        return this.#established.write(now, octets, { standardError });
      }
      case "end":
        return this.#established.end(now, { standardError: input.value.standardError });
      case "resize":
        return this.#established.resize(now, sizeOf(input.value));
      case "close":
        return this.#established.close(now, closeOf(input.value));
      case "taken":
        return this.#established.consumed(now, Number(input.value.octets));
      case "resume":
        return this.#resume(input.value.connectionId);
      case undefined:
        throw new UsageError("a step without input");
    }
  }

  /** Everything that came of it, in order. */
  drain(): EffectsInit {
    const timers = [this.#drainHandshake(), this.#drainSession()];
    const next = Math.min(...timers);
    return {
      effects: this.#effects.splice(0).map((effect) => ({ effect })),
      ...(next !== NEVER && { nextTimer: BigInt(next) }),
    };
  }

  get #established(): SessionMachine {
    if (this.#session === undefined) throw new UsageError("there is no session");
    return this.#session;
  }

  /** Another handshake, in place of one that may be under way. */
  #resume(connectionId: bigint): void {
    const session = this.#established;
    this.#nextConnectionId = connectionId;
    let request: ClientRequest | undefined;
    if (this.#granted !== undefined) {
      const value = resumeRequest(session, this.#granted);
      const { packetsReceived } = session.counters;
      this.#attempt = { packetsReceived, generation: value.generation, granted: this.#granted };
      request = { case: "resume", value };
    }
    this.#handshake = this.#makeHandshake(request);
    this.#handshake.start(this.#now);
  }

  #makeHandshake(request?: ClientRequest): ClientHandshake | ServerHandshake {
    const { role, identitySeed, groups, cipherSuites, user, open } = this.#config;
    const shared: ServerHandshakeConfig = {
      crypto: nodeCrypto,
      entropy: this.#entropy,
      identity: identityFromSeed(nodeCrypto, identitySeed),
      ...(groups.length > 0 && { groups: groups }),
      ...(cipherSuites.length > 0 && { cipherSuites: cipherSuites }),
    };
    if (role === Role.SERVER) return new ServerHandshake(shared);
    if (open === undefined) throw new UsageError("a client has something to ask for");
    const value = decodeOpenRequest(toBinary(OpenRequestSchema, open));
    return new ClientHandshake({ ...shared, user, request: request ?? { case: "open", value } });
  }

  #drainHandshake(): Micros {
    for (;;) {
      const output = this.#handshake.pollOutput();
      if (output.kind === "timeout") return output.at;
      if (output.kind === "transmit")
        this.#effects.push({ case: "tcp", value: { octets: output.bytes.slice() } });
      else this.#onHandshake(output.event);
    }
  }

  #onHandshake(event: ClientHandshakeEvent | ServerHandshakeEvent): void {
    switch (event.type) {
      case "host-key": {
        const client = this.#handshake as ClientHandshake;
        this.#tell("host-key", "");
        if (this.#trusts(event.hostKey)) client.trustHostKey(this.#now);
        else client.close(this.#now);
        return;
      }
      case "authorize":
        return this.#authorize(event);
      case "accepted": {
        const { result } = event.accepted;
        if (result.case !== "session") throw new UsageError("only a session is asked for");
        return this.#accepted(event.secrets, result.value);
      }
      case "rejected":
        // PL-OUTAGE-004: the session is gone.
        if (event.code === RejectCode.NO_SUCH_SESSION) this.#session?.abandon(this.#now);
        return this.#tell("rejected", `${event.code} ${event.text}`);
      case "failed":
        return this.#tell("failed", event.error.code);
      case "close":
        this.#effects.push({ case: "tcpEnd", value: {} });
    }
  }

  #accepted(secrets: ConnectionSecrets, granted: SessionAccepted): void {
    const { serverAddress } = this.#config;
    if (this.#session === undefined || this.#attempt === undefined) {
      this.#granted = granted;
      return this.#begin(secrets, granted.connectionId);
    }
    const connection = { secrets, path: serverAddress };
    const refusal = takeResumption(this.#now, this.#session, this.#attempt, granted, connection);
    if (refusal === undefined) this.#granted = granted;
    else this.#tell("not resumed", refusal);
  }

  #authorize(event: AuthorizeEvent): void {
    const server = this.#handshake as ServerHandshake;
    const { accepted } = this.#config;
    const { request, user, publicKey } = event;
    if (!this.#trusts(publicKey)) server.reject(this.#now, RejectCode.NOT_AUTHORIZED, "");
    else if (request.case === "resume") this.#authorizeResumption(server, event, request.value);
    else if (request.case !== "open" || accepted === undefined)
      server.reject(this.#now, RejectCode.UNSUPPORTED_REQUEST, "");
    else {
      this.#opener = { user, publicKey };
      this.#begin(event.secrets, accepted.connectionId);
      const { $typeName: _name, ...value } = accepted;
      const answer: AcceptedInit = { result: { case: "session", value } };
      server.accept(this.#now, answer);
    }
  }

  #authorizeResumption(server: ServerHandshake, event: AuthorizeEvent, request: ResumeRequest): void {
    const [now, session, opener, { accepted }] = [this.#now, this.#session, this.#opener, this.#config];
    const isThere = session !== undefined && opener !== undefined && accepted !== undefined && !this.#isOver;
    const value = isThere
      ? grantResumption(now, session, opener, event, request, {
          accepted,
          connectionId: this.#nextConnectionId,
        })
      : undefined;
    if (value === undefined) server.reject(now, RejectCode.NO_SUCH_SESSION, "");
    else server.accept(now, { result: { case: "session", value } });
  }

  #trusts(publicKey: Uint8Array): boolean {
    return this.#config.trustedKeys.some((key) => equalBytes(key, publicKey));
  }

  #begin(secrets: ConnectionSecrets, connectionId: bigint): void {
    const { role, serverAddress, accepted, detachedLifetime } = this.#config;
    const shared = {
      crypto: nodeCrypto,
      entropy: this.#entropy,
      secrets,
      connectionId,
      now: this.#now,
    };
    this.#session =
      role === Role.CLIENT
        ? new SessionMachine({ ...shared, role: "client", path: serverAddress })
        : new SessionMachine({
            ...shared,
            role: "server",
            firstDatagram: seconds(accepted?.firstDatagramSeconds ?? 30),
            ...(detachedLifetime > 0n && { detachedLifetime: timeOf(detachedLifetime) }),
          });
  }

  #drainSession(): Micros {
    const session = this.#session;
    if (session === undefined) return NEVER;
    for (;;) {
      const output = session.pollOutput();
      if (output.kind === "timeout") return output.at;
      if (output.kind === "transmit") {
        const value = { address: output.path, octets: output.bytes.slice() };
        this.#effects.push({ case: "datagram", value });
      } else this.#onSession(session, output.event);
    }
  }

  #onSession(session: SessionMachine, event: SessionEvent): void {
    switch (event.type) {
      case "data": {
        const { bytes, standardError } = event;
        this.#effects.push({ case: "delivered", value: { octets: bytes.slice(), standardError } });
        if (!this.#config.manualTaking) session.consumed(this.#now, bytes.length);
        return;
      }
      case "end":
        this.#effects.push({ case: "ended", value: { standardError: event.standardError } });
        return;
      case "resize":
        this.#effects.push({ case: "resize", value: event.size });
        return;
      case "close":
        this.#effects.push({ case: "close", value: closeInit(event) });
        return;
      case "established":
      case "resumed":
      case "path":
        return this.#tell(event.type, event.path);
      case "retired":
        return this.#tell("retired", event.connectionId.toString(16));
      case "closed":
        this.#isOver = true;
        return this.#tell("closed", event.cause);
      case "drain":
        return this.#tell("drain", "");
    }
  }

  #tell(name: string, detail: string): void {
    this.#effects.push({ case: "event", value: { name, detail } });
  }
}

function timeOf(value: bigint): Micros {
  return micros(Number(value));
}

function sizeOf({
  columns,
  rows,
  pixelWidth,
  pixelHeight,
}: TerminalSize): Parameters<SessionMachine["resize"]>[1] {
  return { columns, rows, pixelWidth, pixelHeight };
}

function closeOf({ reason, exit, text }: Close): Parameters<SessionMachine["close"]>[1] {
  const named = Object.entries(WIRE_REASONS).find(([, wire]) => wire === reason)?.[0];
  if (named === undefined || named === "unknown") throw new UsageError("a Close needs a reason");
  const status = exit?.status;
  return {
    reason: named as CloseReason,
    ...(status?.case === "code" && { exit: { code: status.value } }),
    ...(status?.case === "signal" && { exit: { signal: status.value } }),
    ...(text !== "" && { text }),
  };
}
