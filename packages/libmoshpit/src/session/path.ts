import { after, equalBytes, micros, NEVER, type Micros } from "../util/index.js";
import { AMPLIFICATION_LIMIT, CHALLENGE_LENGTH, HEARTBEAT_INTERVAL, type Entropy } from "../wire/index.js";
import type { Path } from "./events.js";

interface Unvalidated {
  readonly token: Uint8Array;
  received: number;
  sent: number;
  challengeAt: Micros;
  interval: Micros;
}

/**
 * Where the peer is. A client has one fixed path; a server follows the newest authentic packet and, until the
 * client answered a Challenge from there, sends no more than three times what came from there.
 * spec/10-path-and-life.md, PL-PATH.
 */
export class PeerPath {
  readonly #entropy: Entropy;
  readonly #follows: boolean;
  #path: Path | undefined;
  #unvalidated: Unvalidated | undefined;
  /** The client's: the Challenge that came last. */
  #challengedBy: Uint8Array | undefined;
  /** The path before this one, if it was validated: it is challenged too. */
  #formerToChallenge: Path | undefined;

  /** A client gives its fixed path. */
  constructor(entropy: Entropy, fixed: Path | undefined) {
    this.#entropy = entropy;
    this.#follows = fixed === undefined;
    this.#path = fixed;
  }

  get current(): Path | undefined {
    return this.#path;
  }

  /** Octets that may be sent now. */
  get allowance(): number {
    const { received, sent } = this.#unvalidated ?? { received: Infinity, sent: 0 };
    return AMPLIFICATION_LIMIT * received - sent;
  }

  /** When the Challenge to the current path is due; `NEVER` if the path is validated. */
  get challengeAt(): Micros {
    return this.#unvalidated?.challengeAt ?? NEVER;
  }

  /** An authentic packet came; says whether the peer moved. */
  received(now: Micros, from: Path, octets: number, newest: boolean): boolean {
    if (!this.#follows) return false;
    const moved = newest && from !== this.#path;
    if (moved) {
      this.#formerToChallenge = this.#unvalidated === undefined ? this.#path : undefined;
      this.#path = from;
      const token = this.#entropy.bytes("challenge", CHALLENGE_LENGTH);
      this.#unvalidated = { token, received: 0, sent: 0, challengeAt: now, interval: micros(0) };
    }
    if (from === this.#path && this.#unvalidated !== undefined) this.#unvalidated.received += octets;
    return moved;
  }

  /** A client gets a Challenge; says whether that shows that the server has seen it move. */
  challenged(token: Uint8Array): boolean {
    const former = this.#challengedBy;
    this.#challengedBy = token;
    return former !== undefined && !equalBytes(former, token);
  }

  /** A packet of that many octets leaves for the current path. */
  sent(octets: number): void {
    if (this.#unvalidated !== undefined) this.#unvalidated.sent += octets;
  }

  /** The token to send to the current path now; the next one is due `interval` later, doubling. */
  takeChallenge(now: Micros, interval: Micros): Uint8Array | undefined {
    const state = this.#unvalidated;
    if (state === undefined || state.challengeAt > now) return undefined;
    state.interval = micros(Math.min(Math.max(interval, 2 * state.interval), HEARTBEAT_INTERVAL));
    state.challengeAt = after(now, state.interval);
    return state.token;
  }

  /**
   * The former path and the token to send there, once after each move. It is another token, and worth nothing: who is
   * still there could otherwise validate the new path for it, and whoever carries the packets make it do so.
   */
  takeFormerChallenge(): { readonly path: Path; readonly token: Uint8Array } | undefined {
    const path = this.#formerToChallenge;
    if (path === undefined || this.#unvalidated === undefined) return undefined;
    this.#formerToChallenge = undefined;
    return { path, token: this.#entropy.bytes("challenge", CHALLENGE_LENGTH) };
  }

  /** The token of a Challenge that validates nothing: any answer shows that the peer is there. PL-OUTAGE. */
  question(): Uint8Array {
    return this.#entropy.bytes("challenge", CHALLENGE_LENGTH);
  }

  /** A ChallengeResponse came from there. */
  answered(from: Path, token: Uint8Array): void {
    if (from !== this.#path || this.#unvalidated === undefined) return;
    if (equalBytes(token, this.#unvalidated.token)) this.#unvalidated = undefined;
  }
}
