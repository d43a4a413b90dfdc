import {
  LinkDirection,
  seededRandom,
  type LinkProfile,
} from "../../packages/libmoshpit-node/src/net/relay/index.js";
import type { RoleName } from "../src/run/case.js";

/** What the recording is told. */
export interface NetworkObserver {
  sent(sender: RoleName, bytes: Uint8Array): void;
  arrived(sender: RoleName, index: number): void;
}

/** A bad network between the client's machine and its real socket: it delays, loses, reorders and repeats. */
export class RecordedNetwork {
  readonly #directions: Readonly<Record<RoleName, LinkDirection>>;
  readonly #observer: NetworkObserver;
  readonly #sent: Record<RoleName, number> = { client: 0, server: 0 };
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Nothing passes. */
  dark = false;

  constructor(profile: LinkProfile, seed: number, observer: NetworkObserver) {
    const random = seededRandom(seed);
    this.#directions = {
      client: new LinkDirection(profile.up, random),
      server: new LinkDirection(profile.down, random),
    };
    this.#observer = observer;
  }

  carry(sender: RoleName, bytes: Uint8Array, deliver: () => void): void {
    const index = this.#sent[sender]++;
    this.#observer.sent(sender, bytes);
    const now = performance.now();
    const arrivals = this.#directions[sender].datagram(now, bytes.length);
    if (this.dark) return;
    for (const at of arrivals) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#observer.arrived(sender, index);
        deliver();
      }, at - now);
      this.#timers.add(timer);
    }
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
