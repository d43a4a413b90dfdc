import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import {
  DirectoryError,
  HostLink,
  isProof,
  LINK_FEATURES,
  LINK_VERSION,
  PROOF_OCTETS,
  proofOf,
  socketName,
  type Adopted,
  type HostHello,
  type HostLinkHandlers,
  type HostLinkMessage,
  type OwnedDirectory,
} from "libmoshpit-node/host-link";
import { equalBytes } from "libmoshpit/util";
import type { HostRegistry, HostRecord } from "./host-registry.js";
import type { AdoptedHost } from "./user-host.js";

/** Why a host could not be taken up; the message goes to the log. */
export class AdoptError extends Error {
  override readonly name = "AdoptError";
  /**
   * `gone`: nothing is at its socket. `foreign`: it speaks another version. `failed`: it does not answer, or something else
   * is there; later it may be otherwise.
   */
  readonly kind: "gone" | "foreign" | "failed";

  constructor(kind: AdoptError["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

export interface Adoption {
  /** Rejects with `AdoptError`. */
  readonly done: Promise<void>;
  /** Gives it up; `done` rejects. */
  cancel(): void;
}

/**
 * Takes up a host that runs. `adopted` is called when it has proved itself, and gives what the link calls from then on.
 * Whatever is at the socket is told nothing before it has shown the host's id, and nothing of anybody's before its proof.
 */
export function adoptHost(
  registry: HostRegistry,
  record: HostRecord,
  {
    timeoutMs,
    adopted,
  }: { readonly timeoutMs: number; readonly adopted: (host: AdoptedHost) => HostLinkHandlers },
): Adoption {
  let cancel = (): void => undefined;
  const done = new Promise<void>((resolve, reject) => {
    const directory = directoryOf(registry, record);
    const socket = connect(directory.entry(socketName(record.hostId)));
    let established: HostLinkHandlers | undefined;
    let isSettled = false;
    const settle = (error?: AdoptError): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      directory.close();
      if (error === undefined) return resolve();
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => settle(new AdoptError("failed", "it does not answer")), timeoutMs);
    cancel = () => settle(new AdoptError("failed", "mps ends"));
    // Before the link, which ends at the same error.
    socket.on("error", (error) => settle(connectError(error)));
    const exchange = new Exchange(record);
    const link: HostLink = new HostLink(socket, {
      message: (message) => {
        if (established !== undefined) return established.message(message);
        const next = exchange.take(message, link);
        if (next instanceof AdoptError) return settle(next);
        if (next === undefined) return;
        established = adopted({ ...next, link });
        settle();
      },
      ended: (error) => {
        if (established !== undefined) established.ended(error);
        else settle(new AdoptError("failed", error?.message ?? "it hung up"));
      },
    });
  });
  return { done, cancel: () => cancel() };
}

/** The first words on the link, from this side. */
class Exchange {
  readonly #record: HostRecord;
  readonly #nonce = new Uint8Array(randomBytes(PROOF_OCTETS));
  #hello: HostHello | undefined;

  constructor(record: HostRecord) {
    this.#record = record;
  }

  take(message: HostLinkMessage, link: HostLink): Omit<AdoptedHost, "link"> | AdoptError | undefined {
    if (message.case === "hostHello" && this.#hello === undefined) return this.#greeted(message.value, link);
    if (message.case === "adopted" && this.#hello !== undefined)
      return this.#proved(message.value, this.#hello);
    return new AdoptError("failed", `it said ${message.case} first`);
  }

  #greeted(hello: HostHello, link: HostLink): AdoptError | undefined {
    const { hostId, token } = this.#record;
    if (!equalBytes(hello.hostId, hostId)) return new AdoptError("failed", "another host is in its place");
    if (hello.version !== LINK_VERSION)
      return new AdoptError("foreign", `it speaks version ${hello.version}, this mps ${LINK_VERSION}`);
    this.#hello = hello;
    const context = { hostId, hostNonce: hello.nonce, listenerNonce: this.#nonce };
    const proof = proofOf("listener", token, context);
    const speaks = { version: LINK_VERSION, features: [...LINK_FEATURES] };
    link.send({ case: "adopt", value: { ...speaks, nonce: this.#nonce, proof } });
    return undefined;
  }

  #proved(
    { proof, uid, sessions }: Adopted,
    { nonce: hostNonce, features }: HostHello,
  ): Omit<AdoptedHost, "link"> | AdoptError {
    const { hostId, token, account } = this.#record;
    const context = { hostId, hostNonce, listenerNonce: this.#nonce };
    if (!isProof(proof, "host", token, context))
      return new AdoptError("failed", "it has not the host's token");
    if (uid !== account.uid) return new AdoptError("failed", `it runs as uid ${uid}, must be ${account.uid}`);
    return { features, sessions };
  }
}

function directoryOf(registry: HostRegistry, record: HostRecord): OwnedDirectory {
  try {
    return registry.directoryOf(record);
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error;
    throw new AdoptError("failed", error.message);
  }
}

function connectError({ code, message }: NodeJS.ErrnoException): AdoptError {
  const isGone = code === "ENOENT" || code === "ECONNREFUSED";
  return new AdoptError(isGone ? "gone" : "failed", message);
}
