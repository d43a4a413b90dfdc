import { systemEntropy } from "libmoshpit-node/crypto";
import type { NewConnectionInit } from "libmoshpit-node/host-link";
import { fingerprint } from "libmoshpit-node/keys";
import type { Account } from "libmoshpit-node/users";
import type { AuthorizeEvent } from "libmoshpit/handshake";
import {
  ID_OCTETS,
  RejectCode,
  type AcceptedInit,
  type ResumeRequest,
  type SessionAcceptedInit,
} from "libmoshpit/wire";
import { OpenError } from "./host-requests.js";
import type { Hosts } from "./hosts.js";
import { FIRST_DATAGRAM_SECONDS } from "./limits.js";

/** A session that a host has confirmed, and what the client is to be told of it. */
export interface OpenedSession {
  readonly accepted: AcceptedInit;
  readonly name: string;
  readonly udpPort: number;
  /** The client was not told: a session that nobody knows of ends, a resumption leaves nothing behind. */
  readonly undo: (text: string) => void;
}

/** Has sessions opened and resumed by the users' hosts. */
export class SessionOpener {
  readonly #hosts: Hosts;

  constructor(hosts: Hosts) {
    this.#hosts = hosts;
  }

  /** Opens a session with new ids. Throws `OpenError`. The secrets are the caller's to wipe. */
  async open(account: Account, event: AuthorizeEvent, clientAddress: string): Promise<OpenedSession> {
    const ids = {
      sessionId: systemEntropy.bytes("session_id", ID_OCTETS),
      attachmentId: systemEntropy.bytes("attachment_id", ID_OCTETS),
    };
    const connection = newConnection(event, clientAddress);
    const openRequest = event.openRequestBytes ?? new Uint8Array(0);
    const keyFingerprint = fingerprint(event.publicKey);
    const wantedName = event.request.case === "open" ? event.request.value.name : "";
    const request = { ...ids, connection, openRequest, keyFingerprint };
    const { opened, end } = await this.#hosts.open(account, request, wantedName);
    const { sessionName, udpPort } = opened;
    return opening({ ...ids, sessionName, udpPort, generation: 1, ...toldOf(connection) }, end);
  }

  /**
   * Gives an attachment another connection, if this user opened it with this key. spec/10-path-and-life.md,
   * PL-RESUME-002. Throws `OpenError`. The secrets are the caller's to wipe.
   */
  async resume(
    account: Account,
    request: ResumeRequest,
    event: AuthorizeEvent,
    clientAddress: string,
  ): Promise<OpenedSession> {
    const { attachmentId, generation, nextSequence, cumulativeSequence } = request;
    const found = await this.#hosts.find(account, attachmentId);
    if (found === undefined || found.session.keyFingerprint !== fingerprint(event.publicKey))
      throw new OpenError(RejectCode.NO_SUCH_SESSION, "no such attachment of this user and key");
    const connection = newConnection(event, clientAddress);
    const counts = { nextSequence, cumulativeSequence };
    const resumed = await found.resume({ attachmentId, generation, ...counts, connection });
    const { sessionId } = found.session;
    const session = {
      sessionId,
      attachmentId,
      generation,
      sessionName: resumed.sessionName,
      udpPort: resumed.udpPort,
      nextSequence: resumed.nextSequence,
      cumulativeSequence: resumed.cumulativeSequence,
      ...toldOf(connection),
    };
    return opening(session, () => undefined);
  }
}

type GrantedConnection = NewConnectionInit &
  Required<Pick<NewConnectionInit, "connectionId" | "firstDatagramSeconds">>;

function opening(
  session: SessionAcceptedInit & { sessionName: string; udpPort: number },
  undo: OpenedSession["undo"],
): OpenedSession {
  const { sessionName: name, udpPort } = session;
  return { accepted: { result: { case: "session", value: session } }, name, udpPort, undo };
}

function newConnection(
  { secrets: { suite, clientToServer, serverToClient } }: AuthorizeEvent,
  clientAddress: string,
): GrantedConnection {
  return {
    connectionId: chooseConnectionId(),
    cipherSuite: suite,
    clientToServer: { ...clientToServer },
    serverToClient: { ...serverToClient },
    firstDatagramSeconds: FIRST_DATAGRAM_SECONDS,
    clientAddress,
  };
}

/** What the client is told of it. */
function toldOf({
  connectionId,
  firstDatagramSeconds,
}: GrantedConnection): Pick<GrantedConnection, "connectionId" | "firstDatagramSeconds"> {
  return { connectionId, firstDatagramSeconds };
}

/** Random and not 0. */
function chooseConnectionId(): bigint {
  for (;;) {
    const octets = systemEntropy.bytes("connection_id", 8);
    const id = new DataView(octets.buffer, octets.byteOffset, 8).getBigUint64(0);
    if (id !== 0n) return id;
  }
}
