import { Reconnection, type LinkStatus, type ReconnectionEvent } from "libmoshpit/session";
import { equalBytes, PeerError, seconds, unreachable } from "libmoshpit/util";
import type { ClientRequest } from "libmoshpit/wire";
import { now, WakeWatch } from "libmoshpit-node/clock";
import type { Log } from "libmoshpit-node/log";
import { Driver } from "libmoshpit-node/net";
import { Failure } from "./failure.js";
import type { Granted } from "./handshake.js";
import type { Session } from "./session.js";

export interface ResumptionConfig {
  readonly session: Pick<Session, "resumePoint" | "resume" | "wake" | "gone">;
  /** Between two attempts, at most. */
  readonly maxBackoffSeconds: number;
  /** One handshake. Throws `Failure`, or the signal's reason. */
  readonly handshake: (request: ClientRequest, signal: AbortSignal) => Promise<Granted>;
  readonly log: Log;
}

/** Keeps a session alive over outages: tries handshakes while the server is silent, and asks at once after a sleep. */
export class Resumption {
  readonly #config: ResumptionConfig;
  readonly #machine: Reconnection;
  readonly #driver: Driver<ReconnectionEvent>;
  readonly #watch: WakeWatch;
  #attempt: AbortController | undefined;
  #wasSilent = false;

  constructor(config: ResumptionConfig) {
    this.#config = config;
    this.#machine = new Reconnection({ now: now(), maxBackoff: seconds(config.maxBackoffSeconds) });
    this.#driver = new Driver<ReconnectionEvent>(this.#machine, {
      transmit: () => undefined,
      event: (event) => this.#handle(event),
    });
    this.#watch = new WakeWatch(() => this.#woke());
    this.#driver.run(() => undefined);
  }

  /** What is known of the link. */
  get status(): LinkStatus {
    return this.#machine.status();
  }

  /** Something authentic came. */
  heard(): void {
    this.#driver.run((time) => this.#machine.heard(time));
    if (this.#wasSilent) this.#config.log.info("the server is heard again");
    this.#wasSilent = false;
  }

  /** The system has no way to the server. */
  unreachable(): void {
    this.#driver.run((time) => this.#machine.unreachable(time));
  }

  /** The person typed. */
  typed(): void {
    this.#driver.run((time) => this.#machine.typed(time));
  }

  stop(): void {
    this.#watch.stop();
    this.#driver.stop();
    this.#attempt?.abort(new HungUp());
  }

  #woke(): void {
    this.#config.log.debug("the machine slept, or mp was stopped");
    this.#config.session.wake();
    this.#driver.run((time) => this.#machine.woke(time));
  }

  #handle(event: ReconnectionEvent): void {
    switch (event.type) {
      case "dial":
        if (!this.#wasSilent) this.#config.log.info("the server is silent: trying to resume the session");
        this.#wasSilent = true;
        void this.#dial();
        return;
      case "hang-up":
        this.#attempt?.abort(new HungUp());
        this.#attempt = undefined;
        return;
      default:
        unreachable(event);
    }
  }

  async #dial(): Promise<void> {
    const { session, handshake, log } = this.#config;
    const attempt = (this.#attempt = new AbortController());
    const { nextSequence, cumulativeSequence, ...point } = session.resumePoint;
    const counts = {
      nextSequence: BigInt(nextSequence),
      cumulativeSequence: BigInt(cumulativeSequence),
    };
    try {
      const granted = await handshake({ case: "resume", value: { ...point, ...counts } }, attempt.signal);
      // PL-RESUME-006: the old connection may have been heard in the meantime.
      if (attempt.signal.aborted) return;
      requireSame(granted, point);
      await session.resume(granted);
      // Another attempt may be under way by now.
      if (attempt.signal.aborted) return;
      log.info("the server granted another connection");
      this.#driver.run((time) => this.#machine.ended(time, { kind: "granted" }));
    } catch (error) {
      if (!attempt.signal.aborted) this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    const { session, log } = this.#config;
    const text = error instanceof Error ? error.message : String(error);
    if (error instanceof Failure && error.kind === "gone") {
      session.gone(text);
      return;
    }
    log.warn(`the session could not be resumed: ${text}`);
    const kind = error instanceof Failure && error.kind === "unreachable" ? "unreachable" : "refused";
    this.#driver.run((time) => this.#machine.ended(time, { kind, text }));
  }
}

/** PL-RESUME-007. */
function requireSame({ session }: Granted, asked: { attachmentId: Uint8Array; generation: number }): void {
  const isSame =
    equalBytes(session.attachmentId, asked.attachmentId) && session.generation === asked.generation;
  if (!isSame) throw new PeerError("unexpected-message", "the server resumed another attachment");
}

/** The reason of an attempt that is not wanted any more. */
class HungUp extends Error {
  override readonly name = "HungUp";
}
