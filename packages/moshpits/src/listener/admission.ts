import { isIPv6 } from "node:net";
import { plainAddress } from "libmoshpit-node/net";
import { EARLY_DROP_FULL, EARLY_DROP_RATE, EARLY_DROP_START, MAX_PER_SOURCE } from "./limits.js";

export type Admitted =
  | {
      readonly kind: "admitted";
      /** More are in flight than usual: be quick with this one. */
      readonly underPressure: boolean;
      /** Gives the place back; further calls do nothing. */
      readonly release: () => void;
    }
  | { readonly kind: "dropped"; readonly why: "in flight" | "source" };

/** Counts handshakes in flight, overall and by source, and says which connections are taken at all. */
export class Admission {
  readonly #random: () => number;
  readonly #bySource = new Map<string, number>();
  #inFlight = 0;

  /** `random`: from 0 to below 1. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  admit(address: string): Admitted {
    if (this.#random() < dropProbability(this.#inFlight)) return { kind: "dropped", why: "in flight" };
    const source = sourceOf(address);
    const fromSource = this.#bySource.get(source) ?? 0;
    if (fromSource >= MAX_PER_SOURCE) return { kind: "dropped", why: "source" };
    const underPressure = this.#inFlight >= EARLY_DROP_START;
    this.#inFlight += 1;
    this.#bySource.set(source, fromSource + 1);
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      this.#inFlight -= 1;
      const left = (this.#bySource.get(source) ?? 1) - 1;
      if (left === 0) this.#bySource.delete(source);
      else this.#bySource.set(source, left);
    };
    return { kind: "admitted", underPressure, release };
  }
}

/** The probability with which a connection is dropped while so many handshakes are in flight. */
export function dropProbability(inFlight: number): number {
  if (inFlight < EARLY_DROP_START) return 0;
  if (inFlight >= EARLY_DROP_FULL) return 1;
  const above = (inFlight - EARLY_DROP_START) / (EARLY_DROP_FULL - EARLY_DROP_START);
  return EARLY_DROP_RATE + (1 - EARLY_DROP_RATE) * above;
}

/** What counts as one source: an IPv4 address, or the /64 that one IPv6 customer has at least. */
export function sourceOf(address: string): string {
  const plain = plainAddress(address).split("%")[0] ?? "";
  if (!isIPv6(plain)) return plain;
  const [head = "", tail] = plain.split("::");
  const before = head === "" ? [] : head.split(":");
  const behind = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(Math.max(0, 8 - before.length - behind.length)).fill("0");
  return [...before, ...zeros, ...behind]
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(":");
}
