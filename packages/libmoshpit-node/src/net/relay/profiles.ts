/** One direction of a link. */
export interface LinkDirectionProfile {
  /** One way, without queueing; milliseconds. */
  readonly delayMs: number;
  /** Added to the delay, evenly between 0 and this; the order is kept. */
  readonly jitterMs: number;
  /** Share of datagrams lost, 0 to 1. */
  readonly loss: number;
  /** Mean length of a run of losses, at least 1. */
  readonly lossRun: number;
  /** Share of datagrams that come out of order, late by up to twice the jitter and at least 10 ms. */
  readonly reorder: number;
  /** Share of datagrams that come twice. */
  readonly duplicate: number;
  /** Thousand bits a second; Infinity: as fast as the machine. */
  readonly rateKbit: number;
  /** What the queue before the bottleneck holds, in milliseconds at the rate; more is dropped. */
  readonly queueMs: number;
}

/** A link: from the client, to the client, and what stops both. */
export interface LinkProfile {
  /** One line for people. */
  readonly about: string;
  readonly up: LinkDirectionProfile;
  readonly down: LinkDirectionProfile;
  /** Nothing passes for `forMs` at the end of each `everyMs`. */
  readonly blackout?: { readonly everyMs: number; readonly forMs: number };
}

/** Nothing in between. */
export const PERFECT: LinkDirectionProfile = {
  delayMs: 0,
  jitterMs: 0,
  loss: 0,
  lossRun: 1,
  reorder: 0,
  duplicate: 0,
  rateKbit: Infinity,
  queueMs: Infinity,
};

/** A link that is the same both ways, but for what is named. */
export function link(
  about: string,
  both: Partial<LinkDirectionProfile>,
  apart: {
    readonly up?: Partial<LinkDirectionProfile>;
    readonly down?: Partial<LinkDirectionProfile>;
    readonly blackout?: NonNullable<LinkProfile["blackout"]>;
  } = {},
): LinkProfile {
  return {
    about,
    up: { ...PERFECT, ...both, ...apart.up },
    down: { ...PERFECT, ...both, ...apart.down },
    ...(apart.blackout === undefined ? {} : { blackout: apart.blackout }),
  };
}

/** Links that people know. */
export const LINK_PROFILES: Readonly<Record<string, LinkProfile>> = {
  loopback: link("nothing in between", {}),
  lan: link("an office network: 2 ms round trip", { delayMs: 1 }),
  dsl: link(
    "a home line: 30 ms round trip, 16 Mbit/s down, 2 Mbit/s up",
    { delayMs: 14, jitterMs: 2, queueMs: 200 },
    { up: { rateKbit: 2_000 }, down: { rateKbit: 16_000 } },
  ),
  "4g": link(
    "a phone with good reception: 60 ms round trip, 0.5 % loss",
    { delayMs: 25, jitterMs: 10, loss: 0.005, queueMs: 300 },
    { up: { rateKbit: 8_000 }, down: { rateKbit: 25_000 } },
  ),
  "3g": link(
    "a phone with poor reception: 200 ms round trip, 2 % loss, 750 kbit/s",
    { delayMs: 90, jitterMs: 20, loss: 0.02, lossRun: 2, reorder: 0.01, queueMs: 600 },
    { up: { rateKbit: 330 }, down: { rateKbit: 750 } },
  ),
  hotel: link(
    "crowded Wi-Fi: 80 ms round trip and up to 120 more, 5 % loss in runs, duplicates",
    { delayMs: 40, jitterMs: 60, loss: 0.05, lossRun: 3, reorder: 0.02, duplicate: 0.01, queueMs: 400 },
    { up: { rateKbit: 1_000 }, down: { rateKbit: 2_000 } },
  ),
  satellite: link(
    "a geostationary satellite: 600 ms round trip, 1 % loss",
    { delayMs: 300, jitterMs: 10, loss: 0.01, queueMs: 500 },
    { up: { rateKbit: 1_000 }, down: { rateKbit: 10_000 } },
  ),
  train: link(
    "a train: 100 ms round trip, 3 % loss in runs, and 8 s of tunnel each minute",
    { delayMs: 45, jitterMs: 30, loss: 0.03, lossRun: 4, reorder: 0.01, queueMs: 800, rateKbit: 2_000 },
    { blackout: { everyMs: 60_000, forMs: 8_000 } },
  ),
  awful: link("29 % loss each way, 100 ms round trip", { delayMs: 50, loss: 0.29 }),
};
