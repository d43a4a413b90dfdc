// What strangers may cost before they have proved who they are, and users afterwards. Durations are milliseconds where the name says so.
import { seconds, type Micros } from "libmoshpit/util";

/** Handshakes in flight from which new connections are dropped at random. */
export const EARLY_DROP_START = 10;
/** The share of them that is dropped there; it grows to all of them at `EARLY_DROP_FULL`. */
export const EARLY_DROP_RATE = 0.3;
/** Handshakes in flight at most. */
export const EARLY_DROP_FULL = 100;

/** Handshakes in flight at most from one IPv4 address, or one /64 of IPv6. */
export const MAX_PER_SOURCE = 10;

/** For a whole handshake, and while connections are being dropped. */
export const HANDSHAKE_DEADLINE: Micros = seconds(30);
export const HANDSHAKE_DEADLINE_UNDER_PRESSURE: Micros = seconds(10);

/** After the last octet, for the client to close its half. */
export const LINGER_MS = 2_000;

/** For a session host to confirm a session. */
export const OPEN_TIMEOUT_MS = 10_000;

/** Sessions of one user, those that are being opened included. */
export const MAX_SESSIONS = 100;

/** Groups of a host that the log names. */
export const MAX_GROUPS_TOLD = 64;

/** For the first authentic datagram of a new session. */
export const FIRST_DATAGRAM_SECONDS = 30;

/** Between a spare host's assignment and the start of the next: the session that took it goes first. */
export const SPARE_DELAY_MS = 500;
/** The same after a spare host ended by itself, doubled each time up to the last. */
export const SPARE_RETRY_MS = 1_000;
export const SPARE_RETRY_MAX_MS = 60_000;

/** Messages of one host in a second after which it has to wait for the next. */
export const HOST_MESSAGES = 1_000;

/** Lines a minute that one host may put into the log. */
export const HOST_LOG_LINES = 200;

/** For a host that runs already to prove itself and to say what runs there. */
export const ADOPT_TIMEOUT_MS = 3_000;
/** Before a host whose link was lost is looked for. */
export const ADOPT_SOON_MS = 100;
/** The same after it did not answer, doubled each time up to the last. */
export const ADOPT_RETRY_MS = 1_000;
export const ADOPT_RETRY_MAX_MS = 60_000;
