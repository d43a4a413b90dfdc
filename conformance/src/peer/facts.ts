import { RangeSet } from "libmoshpit/util";
import { isReliable, SEQUENCE_WINDOW, type Payload } from "libmoshpit/wire";

/** How far the peer says that it is, in a handshake that resumes. */
export interface ResumeCounts {
  readonly nextSequence: number;
  readonly cumulativeSequence: number;
}

/** What is known of an attachment's frames, over all its connections: what the testee sent, and what it was given. */
export class AttachmentFacts {
  /** Sequence numbers that the testee was given. */
  readonly received: RangeSet = new RangeSet();
  /** The testee's own frames, encoded. */
  readonly sent: Map<number, Uint8Array> = new Map<number, Uint8Array>();
  readonly acknowledged: RangeSet = new RangeSet();
  /** Below which sequence number the testee may use them. */
  limit: number = SEQUENCE_WINDOW;
  /** One more than the highest sequence number that the testee knows its peer to have used. */
  peerNext = 0;
  /** What the testee's last packet said that it has. */
  lastCumulative = 0;
  #acknowledgedBelow = 0;

  /** All sequence numbers below this one were given. */
  get cumulativeGiven(): number {
    const [first] = this.received.ranges;
    return first?.start === 0 ? first.end : 0;
  }

  /** The testee is given a payload. */
  given({ cumulativeSequence, selectiveRanges, heldFrames, nextSequence, frames }: Payload): void {
    this.counted({ nextSequence, cumulativeSequence });
    this.limit = Math.max(this.limit, cumulativeSequence + SEQUENCE_WINDOW - heldFrames);
    for (const { start, end } of selectiveRanges) for (let s = start; s < end; s++) this.acknowledged.add(s);
    for (const frame of frames) if (isReliable(frame)) this.received.add(frame.sequence);
  }

  /** The testee is given the peer's counts, as a handshake that resumes says them. */
  counted({ nextSequence, cumulativeSequence }: ResumeCounts): void {
    this.peerNext = Math.max(this.peerNext, nextSequence);
    for (; this.#acknowledgedBelow < cumulativeSequence; this.#acknowledgedBelow++)
      this.acknowledged.add(this.#acknowledgedBelow);
  }
}
