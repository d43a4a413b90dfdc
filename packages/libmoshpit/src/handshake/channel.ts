import { NEVER, PeerError, type Micros, type Output } from "../util/index.js";
import { FrameReader, MAX_HANDSHAKE_FRAME_OCTETS } from "../wire/index.js";

/** What both machines share: the frames that come in, the outputs that wait, the deadline. */
export class Channel<Event> {
  readonly #reader = new FrameReader(MAX_HANDSHAKE_FRAME_OCTETS);
  readonly #outputs: Output<Event>[] = [];
  /** When `handleTimeout` is due; `NEVER` once the handshake is over. */
  timeoutAt: Micros = NEVER;

  /** Octets of the stream; `nextFrame` cuts them. */
  push(bytes: Uint8Array): void {
    this.#reader.push(bytes);
  }

  /** The body of the next whole frame. Throws `PeerError` "frame-too-large". */
  nextFrame(): Uint8Array | undefined {
    return this.#reader.next();
  }

  /** Throws `PeerError` where the peer sent more than was its turn to send. HS-FRM-003. */
  requireNothingMore(): void {
    if (!this.#reader.isEmpty) throw new PeerError("unexpected-message", "more octets than are due");
  }

  transmit(bytes: Uint8Array): void {
    this.#outputs.push({ kind: "transmit", path: undefined, bytes });
  }

  emit(...events: readonly Event[]): void {
    for (const event of events) this.#outputs.push({ kind: "event", event });
  }

  poll(): Output<Event> {
    return this.#outputs.shift() ?? { kind: "timeout", at: this.timeoutAt };
  }
}
