import { casesOf, type Case, type CaseDefinition } from "../run/case.js";
import { PACKET_VECTOR_CASES } from "./l0-packets.js";
import { TAIL_CASES } from "./l2-tail.js";

const DEFINITIONS: readonly CaseDefinition[] = [...PACKET_VECTOR_CASES, ...TAIL_CASES];

/** Every case of the suite, in the order of the report. */
export const ALL_CASES: readonly Case[] = casesOf(DEFINITIONS);
