/** Where input goes once there is a session. */
export interface InputSink {
  write(bytes: Uint8Array): void;
  end(): void;
  /** Octets on their way. */
  readonly bufferedAmount: number;
}

/** A source of input: the person's terminal, or a pipe. */
export interface LocalInput {
  /** From now on input goes there, what was kept first. */
  attach(sink: InputSink): void;
  /** `bufferedAmount` is low again. */
  drained(): void;
  /** No input is read for a while: somebody else asks on the terminal. */
  pause(): void;
  resume(): void;
  /** Nothing more is read; the terminal, if it is one, is as it was. */
  stop(): void;
}
