import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import process from "node:process";
import {
  HostLink,
  isProof,
  LINK_FEATURES,
  LINK_VERSION,
  OwnedDirectory,
  PROOF_OCTETS,
  proofOf,
  socketName,
  type Adopt,
  type Doorway as DoorwayFacts,
  type HostLinkMessage,
  type RunningSessionInit,
} from "libmoshpit-node/host-link";

/** For a caller to prove that it is the listener. */
const PROOF_MS = 5_000;
/** Callers at once. */
const MAX_CALLERS = 8;

export interface DoorwayHandlers {
  /** What runs here. */
  sessions(): readonly RunningSessionInit[];
  /** A listener has proved itself; it has been told what runs here. */
  adopted(link: HostLink): void;
  /** Of a listener that has proved itself. */
  message(message: HostLinkMessage, link: HostLink): void;
  ended(link: HostLink): void;
  /** For a caller to prove itself; default 5 s. */
  readonly proofMs?: number;
}

/**
 * The socket at which the next listener finds this host. Its directory lets in the user and root; of them, only who has
 * the token is the listener. proto/moshpit/host/v1/host.proto
 */
export class Doorway {
  readonly #facts: DoorwayFacts;
  readonly #handlers: DoorwayHandlers;
  readonly #directory: OwnedDirectory;
  readonly #server: Server;
  readonly #callers = new Set<Socket>();

  private constructor(facts: DoorwayFacts, handlers: DoorwayHandlers) {
    this.#facts = facts;
    this.#handlers = handlers;
    this.#directory = OwnedDirectory.open(facts.directory, { uid: process.getuid?.() ?? 0, mode: 0o700 });
    this.#server = createServer((socket) => this.#called(socket));
    this.#server.maxConnections = MAX_CALLERS;
  }

  /** The socket is there when this returns, before anything is awaited, or this rejects. */
  static async open(facts: DoorwayFacts, handlers: DoorwayHandlers): Promise<Doorway> {
    const doorway = new Doorway(facts, handlers);
    const server = doorway.#server;
    const listening = once(server, "listening");
    const umask = process.umask(0o177);
    server.listen(doorway.#directory.entry(socketName(facts.hostId)));
    process.umask(umask);
    try {
      await listening;
    } catch (error) {
      doorway.#directory.close();
      throw error;
    }
    // A connection that could not be taken is tried again by the listener.
    server.on("error", () => undefined);
    return doorway;
  }

  /** Removes the socket. The listener's link is left as it is. */
  close(): void {
    for (const caller of this.#callers) caller.destroy();
    // The socket is removed by its path within the directory.
    this.#server.close(() => this.#directory.close());
  }

  #called(socket: Socket): void {
    this.#callers.add(socket);
    const timer = setTimeout(() => socket.destroy(), this.#handlers.proofMs ?? PROOF_MS);
    const hostNonce = new Uint8Array(randomBytes(PROOF_OCTETS));
    let isListener = false;
    const link: HostLink = new HostLink(socket, {
      message: (message) => {
        if (isListener) return this.#handlers.message(message, link);
        clearTimeout(timer);
        if (message.case !== "adopt" || !this.#isListener(message.value, hostNonce))
          return void socket.destroy();
        isListener = true;
        this.#callers.delete(socket);
        this.#answer(message.value, hostNonce, link);
      },
      ended: () => {
        clearTimeout(timer);
        this.#callers.delete(socket);
        if (isListener) this.#handlers.ended(link);
      },
    });
    const { hostId } = this.#facts;
    link.send({
      case: "hostHello",
      value: { version: LINK_VERSION, features: [...LINK_FEATURES], hostId, nonce: hostNonce },
    });
  }

  #isListener({ version, nonce, proof }: Adopt, hostNonce: Uint8Array): boolean {
    const { hostId, token } = this.#facts;
    return (
      version === LINK_VERSION &&
      isProof(proof, "listener", token, { hostId, hostNonce, listenerNonce: nonce })
    );
  }

  #answer({ nonce: listenerNonce }: Adopt, hostNonce: Uint8Array, link: HostLink): void {
    const { hostId, token } = this.#facts;
    link.send({
      case: "adopted",
      value: {
        proof: proofOf("host", token, { hostId, hostNonce, listenerNonce }),
        processId: process.pid,
        uid: process.getuid?.() ?? 0,
        sessions: [...this.#handlers.sessions()],
      },
    });
    this.#handlers.adopted(link);
  }
}
