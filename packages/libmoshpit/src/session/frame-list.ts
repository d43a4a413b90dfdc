import { MAX_FRAMES, type EncodedFrame } from "../wire/index.js";

/** Frames of one packet and the room that is left for more. */
export class FrameList {
  readonly frames: EncodedFrame[] = [];
  #room: number;

  /** `room` is in octets. */
  constructor(room: number) {
    this.#room = room;
  }

  get room(): number {
    return this.#room;
  }

  get count(): number {
    return this.frames.length;
  }

  /** How many more frames a payload may have. */
  get places(): number {
    return MAX_FRAMES - this.frames.length;
  }

  add(frame: EncodedFrame): void {
    this.frames.push(frame);
    this.#room -= frame.length;
  }

  /** Adds them and says how many there were. */
  addAll(frames: readonly EncodedFrame[]): number {
    for (const frame of frames) this.add(frame);
    return frames.length;
  }
}
