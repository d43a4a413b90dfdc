import { systemEntropy } from "libmoshpit-node/crypto";
import { fingerprint } from "libmoshpit-node/keys";
import type { Account } from "libmoshpit-node/users";
import type { AuthorizeEvent } from "libmoshpit/handshake";
import { ID_OCTETS, type AcceptedInit } from "libmoshpit/wire";
import type { Hosts } from "./hosts.js";
import { FIRST_DATAGRAM_SECONDS } from "./limits.js";

/** A session that a host has confirmed, and what the client is to be told of it. */
export interface OpenedSession {
  readonly accepted: AcceptedInit;
  readonly name: string;
  readonly udpPort: number;
  readonly end: (text: string) => void;
}

/** Makes the ids of a session and has it opened by the user's host. */
export class SessionOpener {
  readonly #hosts: Hosts;

  constructor(hosts: Hosts) {
    this.#hosts = hosts;
  }

  /** Throws `OpenError`. The secrets are the caller's to wipe. */
  async open(account: Account, event: AuthorizeEvent, clientAddress: string): Promise<OpenedSession> {
    const ids = {
      sessionId: systemEntropy.bytes("session_id", ID_OCTETS),
      attachmentId: systemEntropy.bytes("attachment_id", ID_OCTETS),
      connectionId: chooseConnectionId(),
      firstDatagramSeconds: FIRST_DATAGRAM_SECONDS,
    };
    const { suite, clientToServer, serverToClient } = event.secrets;
    const { opened, end } = await this.#hosts.open(account, {
      ...ids,
      cipherSuite: suite,
      clientToServer: { ...clientToServer },
      serverToClient: { ...serverToClient },
      openRequest: event.openRequestBytes ?? new Uint8Array(0),
      keyFingerprint: fingerprint(event.publicKey),
      clientAddress,
    });
    const { sessionName, udpPort } = opened;
    const session = { ...ids, sessionName, udpPort, generation: 1 };
    return { accepted: { result: { case: "session", value: session } }, name: sessionName, udpPort, end };
  }
}

/** Random and not 0. */
function chooseConnectionId(): bigint {
  for (;;) {
    const octets = systemEntropy.bytes("connection_id", 8);
    const id = new DataView(octets.buffer, octets.byteOffset, 8).getBigUint64(0);
    if (id !== 0n) return id;
  }
}
