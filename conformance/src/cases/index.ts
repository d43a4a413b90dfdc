import { casesOf, type Case, type CaseDefinition } from "../run/case.js";
import { HANDSHAKE_VECTOR_CASES } from "./l0-handshake.js";
import { PACKET_VECTOR_CASES } from "./l0-packets.js";
import { HANDSHAKE_PRIMITIVE_CASES } from "./l1-handshake.js";
import { PACKET_CASES } from "./l1-packets.js";
import { PAYLOAD_CASES } from "./l1-payloads.js";
import { ACK_CASES } from "./l2-acks.js";
import { CLOSE_CASES } from "./l2-close.js";
import { DATAGRAM_CASES } from "./l2-datagrams.js";
import { HANDSHAKE_CASES } from "./l2-handshake.js";
import { LIFE_CASES } from "./l2-life.js";
import { NAK_CASES } from "./l2-naks.js";
import { NETWORK_CASES } from "./l2-networks.js";
import { ORDER_CASES } from "./l2-order.js";
import { PATH_CASES } from "./l2-path.js";
import { REPETITION_CASES } from "./l2-repetition.js";
import { RESUME_CASES } from "./l2-resume.js";
import { RTT_CASES } from "./l2-rtt.js";
import { TAIL_CASES } from "./l2-tail.js";
import { TRACE_CASES } from "./l2-traces.js";

const DEFINITIONS: readonly CaseDefinition[] = [
  ...HANDSHAKE_VECTOR_CASES,
  ...PACKET_VECTOR_CASES,
  ...HANDSHAKE_PRIMITIVE_CASES,
  ...PACKET_CASES,
  ...PAYLOAD_CASES,
  ...HANDSHAKE_CASES,
  ...DATAGRAM_CASES,
  ...ORDER_CASES,
  ...CLOSE_CASES,
  ...ACK_CASES,
  ...NAK_CASES,
  ...TAIL_CASES,
  ...RTT_CASES,
  ...REPETITION_CASES,
  ...PATH_CASES,
  ...LIFE_CASES,
  ...RESUME_CASES,
  ...NETWORK_CASES,
  ...TRACE_CASES,
];

/** Every case of the suite, in the order of the report. */
export const ALL_CASES: readonly Case[] = casesOf(DEFINITIONS);
