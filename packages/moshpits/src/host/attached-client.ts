import { now } from "libmoshpit-node/clock";
import { nodeCrypto, systemEntropy } from "libmoshpit-node/crypto";
import type { NewConnection, ResumeAttachment } from "libmoshpit-node/host-link";
import { Driver } from "libmoshpit-node/net";
import { wipeConnectionSecrets } from "libmoshpit/handshake";
import { Attachment, type CloseRequest, type Counts, type SessionEvent } from "libmoshpit/session";
import { elapsed, NEVER, PeerError, seconds, type Machine, type Micros } from "libmoshpit/util";
import type { ConnectionSecrets, DropReason, WindowSize } from "libmoshpit/wire";
import type { OutputChunk } from "./output-batch.js";
import { takeSecrets } from "./secrets.js";

export interface AttachedClientConfig {
  /** The attachment's first connection. */
  readonly connection: NewConnection;
  /** The attachment ends after so long a silence. */
  readonly detachedLifetimeSeconds: number;
  readonly transmit: (path: string, bytes: Uint8Array) => void;
  readonly event: (event: SessionEvent) => void;
  /** Datagrams of that connection are nobody's any more. */
  readonly retired: (connectionId: bigint) => void;
  /** Runs a step of the machine, and reports its failure to the session. */
  readonly guard: <T>(step: () => T) => T | undefined;
}

/** The client of a session: its attachment with the timers, and the keys of its connections. */
export class AttachedClient {
  readonly #config: AttachedClientConfig;
  readonly #attachment: Attachment;
  readonly #driver: Driver<SessionEvent, string>;
  readonly #secrets = new Map<bigint, ConnectionSecrets>();
  readonly #droppedBefore = new Map<DropReason, number>();

  /** Throws `PeerError` where the connection's keys are not such. */
  constructor(config: AttachedClientConfig) {
    this.#config = config;
    this.#attachment = new Attachment({
      role: "server",
      crypto: nodeCrypto,
      entropy: systemEntropy,
      now: now(),
      detachedLifetime: seconds(config.detachedLifetimeSeconds),
      ...this.#take(config.connection),
    });
    this.#driver = new Driver(this.#guardedMachine(), {
      transmit: config.transmit,
      event: (event) => config.guard(() => this.#handle(event)),
    });
  }

  /** Octets of output that the client has not acknowledged. */
  get bufferedAmount(): number {
    return this.#attachment.bufferedAmount;
  }

  /** For how long nothing was heard. */
  get silence(): Micros {
    return elapsed(this.#attachment.lastHeard, now());
  }

  /** The smoothed round trip; undefined while it is not known. */
  get roundTrip(): Micros | undefined {
    return this.#attachment.rtt?.smoothed;
  }

  /** Arms the timers. */
  start(): void {
    this.#driver.run(() => undefined);
  }

  handleDatagram(path: string, bytes: Uint8Array): void {
    this.#driver.run((time) => this.#attachment.handleDatagram(time, path, bytes));
  }

  /** The client comes over another connection; how far this side is. Throws `PeerError` where that can not be. */
  resume({ generation, connection, ...counts }: ResumeAttachment): Counts {
    if (connection === undefined)
      throw new PeerError("malformed-message", "a resumption without a connection");
    const init = this.#take(connection);
    const { counts: told } = this.#attachment;
    let isTried = false;
    try {
      this.#driver.run((time) => {
        isTried = this.#attachment.resume(time, {
          ...init,
          generation,
          nextSequence: Number(counts.nextSequence),
          cumulativeSequence: Number(counts.cumulativeSequence),
        });
      });
      if (!isTried) throw new PeerError("attachment-over", "the attachment is over, its program is not yet");
    } catch (error) {
      this.#wipe(connection.connectionId);
      throw error;
    }
    return told;
  }

  write(chunks: readonly OutputChunk[]): void {
    this.#driver.run((time) => {
      for (const { bytes, standardError } of chunks) this.#attachment.write(time, bytes, { standardError });
    });
  }

  end(standardError: boolean): void {
    this.#driver.run((time) => this.#attachment.end(time, { standardError }));
  }

  resize(size: WindowSize): void {
    this.#driver.run((time) => this.#attachment.resize(time, size));
  }

  close(request: CloseRequest): void {
    this.#driver.run((time) => this.#attachment.close(time, request));
  }

  consumed(octets: number): void {
    this.#driver.run((time) => this.#attachment.consumed(time, octets));
  }

  /** Forgets output that was never sent: a repaint is to stand in for it. */
  discardUnsent(): void {
    this.#driver.run((time) => void this.#attachment.discardUnsent(time));
  }

  /** Datagrams that were dropped since the last call, by reason. */
  takeDropped(): readonly (readonly [DropReason, number])[] {
    return [...this.#attachment.counters.dropped].map(([reason, count]) => {
      const fresh = count - (this.#droppedBefore.get(reason) ?? 0);
      this.#droppedBefore.set(reason, count);
      return [reason, fresh] as const;
    });
  }

  /** No packets and no timers any more. */
  stop(): void {
    this.#driver.stop();
  }

  /** The keys are nothing any more. */
  forget(): void {
    this.stop();
    for (const connectionId of [...this.#secrets.keys()]) this.#wipe(connectionId);
  }

  #take(connection: NewConnection): {
    readonly secrets: ConnectionSecrets;
    readonly connectionId: bigint;
    readonly firstDatagram: Micros;
  } {
    const { connectionId, firstDatagramSeconds } = connection;
    const secrets = takeSecrets(connection);
    this.#secrets.set(connectionId, secrets);
    return { secrets, connectionId, firstDatagram: seconds(firstDatagramSeconds) };
  }

  #handle(event: SessionEvent): void {
    if (event.type === "retired") this.#wipe(event.connectionId);
    else this.#config.event(event);
  }

  #wipe(connectionId: bigint): void {
    const secrets = this.#secrets.get(connectionId);
    if (secrets !== undefined) wipeConnectionSecrets(secrets);
    this.#secrets.delete(connectionId);
    this.#config.retired(connectionId);
  }

  /** Timers and drains that no call of the session began. */
  #guardedMachine(): Machine<SessionEvent, string> {
    const { guard } = this.#config;
    return {
      pollOutput: () => guard(() => this.#attachment.pollOutput()) ?? { kind: "timeout", at: NEVER },
      handleTimeout: (time) => void guard(() => this.#attachment.handleTimeout(time)),
    };
  }
}
