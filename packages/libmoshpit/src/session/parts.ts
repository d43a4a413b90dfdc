import { elapsed, type Micros } from "../util/index.js";
import { PROBE_REPEAT_WITHIN, SERVER_SILENT_AFTER, THREE_REPEATS_LOSS } from "../wire/index.js";
import { Acknowledgement, PeerReport } from "./acknowledgement.js";
import { Congestion } from "./congestion/congestion.js";
import { Delivery } from "./delivery.js";
import type { ConnectionParameters, Role } from "./events.js";
import { NakSchedule } from "./nak-schedule.js";
import { PeerPath } from "./path.js";
import { ProbeSchedule } from "./probe.js";
import { Reordering } from "./reordering.js";
import { Repetition } from "./repetition.js";
import { RttEstimator } from "./rtt.js";
import { SendQueue } from "./send-queue.js";
import { Timers } from "./timers.js";
import { Timestamps } from "./timestamps.js";

/** What outlives a connection: the frames of an attachment in both directions. spec/10-path-and-life.md, PL-RESUME. */
export interface Streams {
  readonly send: SendQueue;
  readonly receive: Delivery;
}

export function makeStreams(): Streams {
  return { send: new SendQueue(), receive: new Delivery() };
}

/** Everything that a connection waits for; appendix A lists what each does. */
export type TimerName =
  | "acknowledgement"
  | "nak"
  | "repeat"
  | "probe"
  | "probe-twin"
  | "heartbeat"
  | "greeting"
  | "challenge"
  | "pace"
  | "announcement"
  | "liveness"
  | "first-datagram";

/** What has to leave with the next packet, or as one. */
export type Due = "acknowledgement" | "nak" | "repeat" | "probe" | "heartbeat" | "liveness";

/** What a connection is made of: its sending and its receiving half work on the same parts. */
export interface Parts extends Streams {
  readonly role: Role;
  readonly timers: Timers<TimerName>;
  readonly due: Set<Due>;
  readonly probes: ProbeSchedule;
  readonly repetition: Repetition;
  readonly naks: NakSchedule;
  readonly reordering: Reordering;
  readonly acknowledgement: Acknowledgement;
  readonly peerReport: PeerReport;
  readonly rtt: RttEstimator;
  readonly timestamps: Timestamps;
  readonly congestion: Congestion;
  readonly path: PeerPath;
  readonly heard: Heard;
}

export function makeParts(config: ConnectionParameters, streams: Streams): Parts {
  const rtt = new RttEstimator();
  return {
    ...streams,
    role: config.role,
    timers: new Timers(),
    due: new Set(),
    probes: new ProbeSchedule(),
    repetition: new Repetition(config.now),
    naks: new NakSchedule(),
    reordering: new Reordering(),
    acknowledgement: new Acknowledgement(),
    peerReport: new PeerReport(),
    rtt,
    timestamps: new Timestamps(),
    congestion: new Congestion(rtt, config.now),
    path: new PeerPath(config.entropy, config.role === "client" ? config.path : undefined),
    heard: new Heard(config.role, config.now),
  };
}

/**
 * The loss on the way to the peer, in percent: what it reports, or more while probes bring no acknowledgement though it was
 * heard lately. TR-REPEAT-004.
 */
export function assumedLoss(now: Micros, { probes, heard, peerReport }: Parts): number {
  const suspicious = probes.fruitless > 0 && heard.silence(now) < PROBE_REPEAT_WITHIN;
  return suspicious ? Math.max(THREE_REPEATS_LOSS, peerReport.percent) : peerReport.percent;
}

/** When the peer was heard last. */
export class Heard {
  readonly #role: Role;
  #last: Micros;
  #ever = false;

  constructor(role: Role, start: Micros) {
    this.#role = role;
    this.#last = start;
  }

  get ever(): boolean {
    return this.#ever;
  }

  /** The last authentic packet, or the start. */
  get last(): Micros {
    return this.#last;
  }

  now(now: Micros): void {
    this.#last = now;
    this.#ever = true;
  }

  silence(now: Micros): Micros {
    return elapsed(this.#last, now);
  }

  /** Whether this side may send by itself: a server may not while its client is silent. PL-SILENCE. */
  maySend(now: Micros): boolean {
    return this.#role === "client" || (this.#ever && this.silence(now) < SERVER_SILENT_AFTER);
  }
}
