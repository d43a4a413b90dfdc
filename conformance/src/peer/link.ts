import { nodeCrypto } from "libmoshpit-node/crypto";
import type { ConnectionSecrets } from "libmoshpit/wire";
import type { CaseContext } from "../run/case.js";
import { AttachmentFacts } from "./facts.js";
import { Observer } from "./observer.js";
import { ScriptedPeer } from "./scripted-peer.js";
import { SERVER_ADDRESS } from "./setup.js";

/** One connection of an attachment, as the runner sees it: its keys, packet numbers and addresses. */
export class Link {
  readonly id: bigint;
  readonly observer: Observer;
  readonly peer: ScriptedPeer;
  /** Whether another one took its place, or the place that it was to take. */
  isErased = false;

  /** `former`: another connection of the same attachment. */
  constructor({ role, log }: CaseContext, secrets: ConnectionSecrets, connectionId: bigint, former?: Link) {
    this.id = connectionId;
    const facts = former?.observer.facts ?? new AttachmentFacts();
    const shared = { role, log, secrets, crypto: nodeCrypto, connectionId };
    this.observer = new Observer({ ...shared, serverAddress: SERVER_ADDRESS, facts });
    this.peer = new ScriptedPeer(role, nodeCrypto, secrets, connectionId, former?.peer);
  }
}
