import { RangeSet, type Range } from "../util/index.js";
import { SEQUENCE_WINDOW, type ReliableContent, type ReliableFrame } from "../wire/index.js";

/** What a reliable frame was. */
export type Arrival = "new" | "duplicate" | "outside-window";

/**
 * Puts reliable frames in order: each sequence number is delivered once, without gaps. Holds at most
 * `SEQUENCE_WINDOW` frames. spec/07-recovery.md, TR-ORDER.
 */
export class Reassembly {
  readonly #waiting = new Map<number, ReliableContent>();
  readonly #beyond = new RangeSet();
  /** Octets of each delivered Data frame that the application has not taken yet, the oldest first. */
  readonly #held: number[] = [];
  #heldOctets = 0;
  #cumulative = 0;
  #peerNext = 0;

  /** Everything below this sequence number has arrived. */
  get cumulative(): number {
    return this.#cumulative;
  }

  /** What arrived beyond a gap. */
  get selective(): readonly Range[] {
    return this.#beyond.ranges;
  }

  /** One more than the highest sequence number that the peer is known to have used. */
  get peerNext(): number {
    return this.#peerNext;
  }

  /** Delivered frames whose octets were not all taken. */
  get heldFrames(): number {
    return this.#held.length;
  }

  /** Octets delivered and not taken. */
  get heldOctets(): number {
    return this.#heldOctets;
  }

  /** The peer may use sequence numbers below this one. It never falls. */
  get limit(): number {
    return this.#cumulative + SEQUENCE_WINDOW - this.#held.length;
  }

  /** The peer has used everything below `next`. */
  announced(next: number): void {
    this.#peerNext = Math.max(this.#peerNext, next);
  }

  receive({ sequence, ...content }: ReliableFrame): Arrival {
    if (sequence < this.#cumulative || this.#waiting.has(sequence)) return "duplicate";
    if (sequence >= this.limit) return "outside-window";
    this.announced(sequence + 1);
    this.#waiting.set(sequence, content);
    this.#beyond.add(sequence);
    return "new";
  }

  /** The next frame in order, if it is here. */
  next(): ReliableContent | undefined {
    const content = this.#waiting.get(this.#cumulative);
    if (content === undefined) return undefined;
    this.#waiting.delete(this.#cumulative);
    this.#cumulative += 1;
    this.#beyond.removeBelow(this.#cumulative);
    return content;
  }

  /** A delivered Data frame waits for the application. */
  hold(octets: number): void {
    if (octets === 0) return;
    this.#held.push(octets);
    this.#heldOctets += octets;
  }

  /** The application took that many octets, at most `heldOctets`. */
  consumed(octets: number): void {
    this.#heldOctets -= octets;
    let rest = octets;
    while (rest > 0) {
      const first = this.#held[0] ?? rest;
      if (first > rest) {
        this.#held[0] = first - rest;
        return;
      }
      this.#held.shift();
      rest -= first;
    }
  }

  /** What is missing of everything that the peer has used. */
  missing(): Range[] {
    return this.#beyond.gaps(this.#cumulative, this.#peerNext);
  }
}
