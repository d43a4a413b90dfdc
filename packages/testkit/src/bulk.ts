import { micros, millis, seconds } from "libmoshpit/util";
import { IP_OVERHEAD, type LinkConditions } from "./link.js";
import { Pair } from "./pair.js";
import { percentile } from "./typing.js";

/** A server that always has something to send, for a while. */
export interface Bulk {
  readonly seed: number;
  readonly link: LinkConditions;
  /** Seconds before anything is measured, and seconds that are. */
  readonly settle: number;
  readonly measure: number;
}

/** What came of it. */
export interface BulkFigures {
  /** Octets of the stream a second that arrived. */
  readonly rate: number;
  /** Datagrams of the server a second. */
  readonly packets: number;
  /** Of them, how many found the queue full. */
  readonly dropped: number;
  /** How long datagrams waited in the queue, in milliseconds. */
  readonly queueMean: number;
  readonly queue95: number;
}

const CHUNK = 64 * 1024;
/** What the server keeps waiting. */
const BACKLOG = 4 * CHUNK;

/** Sends bulk to the client on virtual time; the same seed gives the same figures. */
export function bulkOn({ seed, link, settle, measure }: Bulk): BulkFigures {
  const pair = new Pair({ seed, link });
  const { client, server, network } = pair;
  const chunk = pair.random.bytes(CHUNK);
  const write = (): void => {
    if (server.connection.bufferedAmount < BACKLOG) server.do((c, now) => c.write(now, chunk));
    network.at(micros(network.now + 1_000), write);
  };
  // The path is validated by then.
  for (let i = 0; i < 10; i++) {
    client.do((c, now) => c.write(now, Uint8Array.of(i)));
    network.runUntil(millis(300 * (i + 1)));
  }
  write();
  const waits: number[] = [];
  let packets = 0;
  let dropped = 0;
  let measuring = false;
  network.onCarried = ({ at, to, bytes, fate }) => {
    if (!measuring || to === "server") return;
    packets += 1;
    if (fate.kind === "lost") dropped += fate.why === "queue" ? 1 : 0;
    else waits.push(waited(link, at, fate.at[0] ?? at, bytes.length) / 1000);
  };
  client.events.length = 0;
  network.runUntil(seconds(settle));
  measuring = true;
  const before = client.octetsReceived;
  network.runUntil(seconds(settle + measure));
  const received = client.octetsReceived - before;
  return {
    rate: received / measure,
    packets: packets / measure,
    dropped: dropped / Math.max(1, packets),
    queueMean: waits.reduce((sum, each) => sum + each, 0) / waits.length,
    queue95: percentile(waits, 0.95),
  };
}

function waited(link: LinkConditions, at: number, arrival: number, octets: number): number {
  const { rate, delay } = link;
  const transmission = rate === undefined ? 0 : ((octets + IP_OVERHEAD) * 1_000_000) / rate;
  return Math.max(0, arrival - at - (delay ?? 0) - transmission);
}
