import { deflateSync, inflateSync } from "fflate";
import { UsageError } from "../util/index.js";
import { HISTORY_LINES, HISTORY_OCTETS } from "./limits.js";
import { unpackLines, type HistoryLine, type PackedLines } from "./line-packer.js";
import { OctetReader } from "./octets.js";

/** How much a history keeps. */
export interface HistoryBudget {
  /** Lines at most. */
  readonly lines: number;
  /** Octets at most, as they are kept: compressed, but for the newest. */
  readonly octets: number;
}

/** Octets of lines that make one chunk. */
const CHUNK = 65_536;

/** Octets that stay uncompressed until `compact`: a flood passes through here, and most of it is never compressed. */
const LOOSE = 1_048_576;

interface Chunk {
  first: number;
  count: number;
  /** Deflated, or not yet. */
  octets: Uint8Array;
  deflated: boolean;
  /** Before it was deflated. */
  length: number;
}

/** The newest lines that scrolled off a screen, packed. Lines beyond the budget are forgotten, the oldest first. */
export class History {
  readonly #budget: HistoryBudget;
  #chunks: Chunk[] = [];
  /** Parts of the chunk that is being filled. */
  #filling: PackedLines[] = [];
  #fillingOctets = 0;
  #next: number;

  /** `next`: the number of the first line that will be appended. */
  constructor(next = 0, budget: HistoryBudget = { lines: HISTORY_LINES, octets: HISTORY_OCTETS }) {
    this.#next = next;
    this.#budget = budget;
  }

  /** The number of the oldest line that is kept; `next` when there is none. */
  get first(): number {
    const oldest = this.#chunks[0]?.first ?? this.#filling[0]?.first ?? this.#next;
    return Math.max(oldest, this.#next - this.#budget.lines);
  }

  /** The number of the line that comes next. */
  get next(): number {
    return this.#next;
  }

  /** Octets that are kept. */
  get octets(): number {
    return this.#chunks.reduce((sum, { octets }) => sum + octets.length, this.#fillingOctets);
  }

  /** Appends lines, which must follow those that are there. Throws `UsageError` when they do not. */
  append(lines: PackedLines): void {
    if (lines.first !== this.#next) {
      throw new UsageError(`the history's next line is ${this.#next}, not ${lines.first}`);
    }
    this.#next += lines.count;
    this.#filling.push(lines);
    this.#fillingOctets += lines.octets.length;
    if (this.#fillingOctets >= CHUNK) this.#seal();
    this.#drop();
  }

  /** Forgets all lines; numbers go on. */
  erase(): void {
    this.#chunks = [];
    this.#filling = [];
    this.#fillingOctets = 0;
  }

  /** Compresses what is not compressed yet: for a quiet moment. Takes some milliseconds for each 100,000 octets. */
  compact(): void {
    for (const chunk of this.#chunks) deflate(chunk);
  }

  /** Lines from a number on, as far as they are kept; fewer at the end. */
  read(from: number, count: number): HistoryLine[] {
    const start = Math.max(from, this.first);
    const end = Math.min(from + count, this.#next);
    const lines: HistoryLine[] = [];
    for (const chunk of [...this.#chunks, ...this.#filling.map(loose)]) {
      if (chunk.first >= end || chunk.first + chunk.count <= start) continue;
      const all = unpackLines({ first: chunk.first, count: chunk.count, octets: inflated(chunk) });
      lines.push(...all.slice(Math.max(0, start - chunk.first), Math.max(0, end - chunk.first)));
    }
    return lines;
  }

  /** Lines from a number on, packed as they are, for sending; `count` at most. */
  readPacked(from: number, count: number): PackedLines {
    const start = Math.max(from, this.first);
    const end = Math.max(start, Math.min(from + count, this.#next));
    const parts: Uint8Array[] = [];
    for (const chunk of [...this.#chunks, ...this.#filling.map(loose)]) {
      if (chunk.first >= end || chunk.first + chunk.count <= start) continue;
      parts.push(
        cut(inflated(chunk), Math.max(0, start - chunk.first), Math.min(chunk.count, end - chunk.first)),
      );
    }
    return { first: start, count: end - start, octets: joined(parts) };
  }

  #seal(): void {
    this.#chunks.push(joinedChunk(this.#filling));
    this.#filling = [];
    this.#fillingOctets = 0;
    let left = LOOSE;
    for (let i = this.#chunks.length - 1; i >= 0; i--) {
      const chunk = this.#chunks[i]!;
      left -= chunk.length;
      if (left < 0) deflate(chunk);
    }
  }

  #drop(): void {
    let octets = this.octets;
    const oldest = this.#next - this.#budget.lines;
    let drop = 0;
    for (const chunk of this.#chunks) {
      if (chunk.first + chunk.count > oldest && octets <= this.#budget.octets) break;
      octets -= chunk.octets.length;
      drop++;
    }
    if (drop > 0) this.#chunks.splice(0, drop);
  }
}

function deflate(chunk: Chunk): void {
  if (chunk.deflated) return;
  chunk.octets = deflateSync(chunk.octets, { level: 6 });
  chunk.deflated = true;
}

function inflated({ octets, deflated, length }: Chunk): Uint8Array {
  return deflated ? inflateSync(octets, { out: new Uint8Array(length) }) : octets;
}

function loose({ first, count, octets }: PackedLines): Chunk {
  return { first, count, octets, deflated: false, length: octets.length };
}

function joinedChunk(parts: readonly PackedLines[]): Chunk {
  const octets = joined(parts.map((part) => part.octets));
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  return { first: parts[0]?.first ?? 0, count, octets, deflated: false, length: octets.length };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The records from one index up to another. */
function cut(octets: Uint8Array, from: number, to: number): Uint8Array {
  const reader = new OctetReader(octets);
  const skip = (count: number): void => {
    for (let i = 0; i < count; i++) reader.part(Math.floor(reader.number(2 * octets.length + 1) / 2));
  };
  skip(from);
  const start = octets.length - reader.left;
  skip(to - from);
  return octets.slice(start, octets.length - reader.left);
}
