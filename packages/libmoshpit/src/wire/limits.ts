import { millis, seconds, type Micros } from "../util/index.js";

// Every number of the protocol. Units are in the names or the comments; the sections are those of spec/.

// --- Handshake, spec/03-handshake.md -------------------------------------------------------------------------

/** The one version of this protocol. 3.3. */
export const PROTOCOL_VERSION = 1;

/** Octets of a handshake frame's body at most. 3.1. */
export const MAX_HANDSHAKE_FRAME_OCTETS = 16_384;

/** Octets of a frame's length prefix. 3.1. */
export const FRAME_PREFIX_OCTETS = 4;

/** Messages inside messages at most, the outermost counted. 3.2. */
export const MAX_NESTING = 8;

/** Octets of ClientHello.random and ServerHello.random. */
export const RANDOM_OCTETS = 32;

/** Octets of an Ed25519 public key or seed. */
export const IDENTITY_KEY_OCTETS = 32;

/** Octets of an Ed25519 signature. */
export const SIGNATURE_OCTETS = 64;

/** Octets of a key confirmation. */
export const CONFIRMATION_OCTETS = 64;

/** Octets of session_id and attachment_id. */
export const ID_OCTETS = 16;

/** Entries of ClientHello.versions, and of cipher_suites, at most; at least 1. */
export const MAX_OFFERS = 8;

/** Entries of ClientHello.key_shares at most; at least 1. */
export const MAX_KEY_SHARES = 4;

/** Octets of a key share of a group that is not known, at most; at least 1. */
export const MAX_KEY_SHARE_OCTETS = 4_096;

/** Octets of an X25519 public value, secret and shared secret. 4.2. */
export const X25519_OCTETS = 32;

/** Octets of an ML-KEM-768 encapsulation key. 4.2. */
export const MLKEM768_KEY_OCTETS = 1_184;

/** Octets of an ML-KEM-768 ciphertext. 4.2. */
export const MLKEM768_CIPHERTEXT_OCTETS = 1_088;

/** Entries of extensions at most. */
export const MAX_EXTENSIONS = 16;

/** The highest extension type; the lowest is 1. */
export const MAX_EXTENSION_TYPE = 65_535;

/** Octets of an extension's data at most. */
export const MAX_EXTENSION_OCTETS = 1_024;

/** Octets of the serialized claim of a server at most; at least 1. */
export const MAX_SERVER_CLAIM_OCTETS = 1_024;

/** Octets of the serialized claim of a client at most; at least 1. */
export const MAX_CLIENT_CLAIM_OCTETS = 15_360;

/** Octets of an account's name at most; at least 1. */
export const MAX_USER_OCTETS = 32;

/** Cells of a terminal's columns, and of its rows, at most; at least 1. */
export const MAX_TERMINAL_CELLS = 1_000;

/** A terminal's width or height in pixels at most; 0 is unknown. */
export const MAX_TERMINAL_PIXELS = 65_535;

/** Octets of TERM at most; at least 1. */
export const MAX_TERM_OCTETS = 64;

/** Entries of OpenRequest.environment at most. */
export const MAX_ENVIRONMENT_ENTRIES = 32;

/** Octets of a variable's name at most; at least 1. */
export const MAX_ENVIRONMENT_NAME_OCTETS = 64;

/** Octets of a variable's value at most. */
export const MAX_ENVIRONMENT_VALUE_OCTETS = 1_024;

/** Octets of a command at most. */
export const MAX_COMMAND_OCTETS = 8_192;

/** Octets of a session's name at most. */
export const MAX_SESSION_NAME_OCTETS = 64;

/** Entries of a SessionList at most. */
export const MAX_SESSIONS_LISTED = 100;

/** Sequence numbers, counts and times at most: what a double holds exactly. */
export const MAX_COUNT: bigint = 2n ** 53n - 1n;

/** A generation at most; at least 1. */
export const MAX_GENERATION: number = 2 ** 32 - 1;

/** SessionAccepted.first_datagram_seconds at most; at least 1. */
export const MAX_FIRST_DATAGRAM_SECONDS = 3_600;

/** Octets of Rejected.text at most. */
export const MAX_REJECT_TEXT_OCTETS = 256;

/** Seconds that a handshake may take. 3.9. */
export const HANDSHAKE_DEADLINE_SECONDS = 30;

/** Milliseconds from F4 to a Rejected{NOT_AUTHORIZED}. 3.8. */
export const REFUSAL_DELAY_MILLISECONDS = 250;

// --- Packets and payloads, spec/05-packets.md and spec/06-frames.md ------------------------------------------

/** The low 4 bits of a packet's first octet: a sealed packet of a session. */
export const PACKET_TYPE_SESSION = 0;
/** Octets of version and type, connection id and packet number. */
export const PACKET_HEADER_LENGTH = 17;
/** Octets of the AEAD's tag. */
export const AEAD_TAG_LENGTH = 16;
/** Octets of UDP payload, at most: passes every path with an MTU of 1280 or more. */
export const MAX_DATAGRAM = 1200;
/** The last packet number of a direction. Far below any limit of the AEAD, and exact in a double. */
export const MAX_PACKET_NUMBER: number = 2 ** 48 - 1;
/** Packet numbers that are remembered one by one, counted back from the largest accepted. */
export const REPLAY_WINDOW = 4096;
/** Frames of a payload, at most. */
export const MAX_FRAMES = 256;
/** Octets of one Data frame, at most. */
export const MAX_DATA = 1024;
/** Gap and run pairs of selective_ranges and of a Nak, at most. */
export const MAX_RANGE_PAIRS = 32;
/** Reliable frames that may be used beyond what the receiver has without a gap and its program has taken. */
export const SEQUENCE_WINDOW = 512;
/** The last sequence number of a direction. */
export const MAX_SEQUENCE: number = 2 ** 53 - 1;
/** Octets of a Challenge's token. */
export const CHALLENGE_LENGTH = 8;
/** Octets of UTF-8 in Close.text, at most. */
export const MAX_CLOSE_TEXT = 256;

// --- Recovery and timers, spec/07-recovery.md ----------------------------------------------------------------

/** What 4·RTTVAR counts for at least, where a Nak is repeated: the clock's granularity and a scheduler's. */
export const MIN_NAK_VARIANCE: Micros = millis(5);
/** What 4·RTTVAR counts for at least, where the tail is probed. */
export const MIN_PROBE_VARIANCE: Micros = millis(20);
/** The smoothed round trip before the first sample. */
export const INITIAL_RTT: Micros = millis(150);
/** A larger sample counts as this much. */
export const MAX_RTT_SAMPLE: Micros = seconds(10);
/** An older timestamp is not echoed: the 16-bit clock would wrap. */
export const MAX_ECHO_HOLD: Micros = seconds(60);
/** How long the smallest round trip of a path is remembered, at least. */
export const MIN_RTT_MEMORY: Micros = seconds(10);
/** The longest wait for a reordered frame before its loss is reported. */
export const MAX_REORDER_DELAY: Micros = millis(50);
/** The shortest such wait. */
export const MIN_REORDER_DELAY: Micros = millis(2);
/** The wait before anything is known of the path. */
export const INITIAL_REORDER_DELAY: Micros = millis(10);
/** Reports of one missing frame, at most. */
export const MAX_NAK_REPORTS = 10;
/** Reports after which the interval doubles. */
export const STEADY_NAK_REPORTS = 3;
/** The longest interval between two reports. */
export const MAX_NAK_INTERVAL: Micros = seconds(10);
/** The longest delay of an acknowledgement where the path loses packets. */
export const ACK_DELAY: Micros = millis(25);
/** The same where it lost none lately: long enough to travel with the next key. */
export const LAZY_ACK_DELAY: Micros = millis(100);
/** Octets of unacknowledged packets after which the acknowledgement leaves at once: two full datagrams. */
export const ACK_OCTETS = 2000;
/** Unacknowledged packets after which it leaves at once. */
export const ACK_PACKETS = 16;
/** Packets over which the loss of a path is measured, at least; it counts as lossy before. */
export const LOSS_FIRST_PACKETS = 20;
/** The measurement looks back over one to two times as many packets. */
export const LOSS_MEMORY_PACKETS = 128;
/** The shortest interval between probes after the first. */
export const PROBE_INTERVAL: Micros = millis(200);
/** Silence of the peer after which probes are less frequent. */
export const PROBE_SLOW_AFTER: Micros = seconds(60);
/** Their interval then. */
export const PROBE_SLOW_INTERVAL: Micros = seconds(1);
/** Silence after which they go with the Heartbeats. */
export const PROBE_IDLE_AFTER: Micros = seconds(300);
/** Datagrams of a probe that found no answer before, at most. */
export const PROBE_DATAGRAMS = 4;
/** The shortest time from one such probe to the next that a new frame causes. */
export const PROBE_SPACING: Micros = millis(20);
/** How long after a probe the second one follows where the path loses packets. */
export const PROBE_TWIN_DELAY: Micros = millis(6);
/** Loss that is assumed until it is measured, in percent. */
export const ASSUMED_LOSS = 10;
/** Loss from which what is small is repeated once, in percent. */
export const ONE_REPEAT_LOSS = 3;
/** Loss from which it is repeated twice, in percent. */
export const TWO_REPEATS_LOSS = 10;
/** Loss from which it is repeated three times, in percent. */
export const THREE_REPEATS_LOSS = 20;
/** The first of one or two repetitions, after the first transmission. */
export const FIRST_REPEAT: Micros = millis(5);
/** The second of two. */
export const SECOND_REPEAT: Micros = millis(20);
/** The first of three. */
export const FIRST_OF_THREE_REPEATS: Micros = millis(4);
/** The second of three. */
export const SECOND_OF_THREE_REPEATS: Micros = millis(12);
/** The third of three. */
export const THIRD_OF_THREE_REPEATS: Micros = millis(40);
/** While probes bring no acknowledgement, the peer's last packet is at most this old if more is to be repeated. */
export const PROBE_REPEAT_WITHIN: Micros = seconds(5);
/** Octets of UDP payload a second that repetitions may take. */
export const REPEAT_RATE = 2000;
/** The same from THREE_REPEATS_LOSS on. */
export const HIGH_LOSS_REPEAT_RATE = 4000;
/** Octets that repetitions may take at once. */
export const REPEAT_DEPTH = 2000;
/** Octets of reliable frames in flight at first: 16 datagrams. */
export const INITIAL_WINDOW: number = 16 * MAX_DATAGRAM;
/** At least: 4 datagrams. */
export const MIN_WINDOW: number = 4 * MAX_DATAGRAM;
/** Octets of the queue that is taken into account, at most: 64 datagrams; a socket buffer of 208 KiB holds about 90. */
export const MAX_QUEUE_OCTETS: number = 64 * MAX_DATAGRAM;
/** The queue that bulk may add to the path. */
export const QUEUE_TARGET: Micros = millis(50);
/** Round trips over which the delivery rate's maximum is taken. */
export const RATE_ROUNDS = 10;
/** The shortest interval that a delivery rate is taken from. */
export const MIN_RATE_INTERVAL: Micros = millis(1);
/** What is sent while the delivery rate is looked for, in percent of it. */
export const STARTUP_GAIN = 280;
/** The rate grows if it is so much of what it was, in percent. */
export const FULL_GROWTH = 125;
/** Round trips without growth after which the rate is found. */
export const FULL_ROUNDS = 3;
/** What is sent while the queue of the start drains, in percent of the delivery rate. */
export const DRAIN_GAIN = 50;
/** Phases of a cycle: one that probes, one that recovers from it, and the others. */
export const CYCLE_PHASES = 8;
/** What is sent while the path is probed for more, in percent of the delivery rate. */
export const PROBE_GAIN = 125;
/** The same in the phase after that. */
export const RECOVERY_GAIN = 75;
/** The same otherwise. */
export const CRUISE_GAIN = 95;
/** The shortest phase. */
export const MIN_PHASE: Micros = millis(20);
/** Packets over which the loss of a path that is not probed is measured. */
export const LOSS_SHARE_PACKETS = 32;
/** The most of it that counts, in percent. */
export const MAX_LOSS_SHARE = 50;
/** What was not sent of so long a time may be sent at once. */
export const PACING_BURST: Micros = millis(10);
/** Octets that may be sent at once, at most: 64 datagrams. */
export const MAX_PACING_BURST: number = 64 * MAX_DATAGRAM;
/** How much the window for the peer has to open to be announced by itself, in frames. */
export const WINDOW_ANNOUNCEMENT = 64;

// --- Path and life, spec/10-path-and-life.md -----------------------------------------------------------------

/** Silence after which a Heartbeat is sent. */
export const HEARTBEAT_INTERVAL: Micros = seconds(3);
/** A server that heard nothing authentic for this long only answers. */
export const SERVER_SILENT_AFTER: Micros = seconds(60);
/** Times the octets received from an address that was not validated that may be sent to it. */
export const AMPLIFICATION_LIMIT = 3;
/** A client that sent nothing for this long pads its next packet to MAX_DATAGRAM. */
export const PAD_AFTER: Micros = seconds(10);
/** The first interval between a client's packets until the server answered; doubles up to HEARTBEAT_INTERVAL. */
export const GREETING_INTERVAL: Micros = millis(200);
/** Silence of the server after which a client asks whether it is there. */
export const LIVENESS_AFTER: Micros = seconds(4);
/** Silence of the server after which a client begins to resume. */
export const SILENCE_AFTER: Micros = seconds(6);
/** How long a client that slept waits for an answer before it begins to resume. */
export const WAKE_PATIENCE: Micros = seconds(1);
/** How long a resumed connection may be silent before the attempt has failed. */
export const CANDIDATE_PATIENCE: Micros = seconds(10);
/** From the end of an attempt to resume to the next; doubles. */
export const MIN_RECONNECT_BACKOFF: Micros = seconds(2);
/** How long the receiver of a Close stays to acknowledge its repetitions. */
export const LINGER: Micros = seconds(2);
/** How long a client's Close waits for its acknowledgement. */
export const CLIENT_CLOSE_LIFETIME: Micros = seconds(10);
/** How long a server's Close waits while the client is silent. */
export const SERVER_CLOSE_LIFETIME: Micros = seconds(3600);
/** bufferedAmount below which a writer is told to go on, in octets. */
export const DRAIN_BELOW: number = 128 * 1024;
