import { AttributeTable } from "./attribute-codec.js";
import { readRow, writeRow } from "./cells.js";
import { MAX_CELLS, MAX_ENCODED_OCTETS } from "./limits.js";
import { OctetReader, OctetWriter } from "./octets.js";
import { BLANK, BLANK_ROW, CELL_WORDS, captureRow, type Row } from "./row.js";
import type { XtermLine } from "./xterm-internals.js";

/** Lines that left the top of the screen, one after the other. spec/08-screen.md, 8.8. */
export interface PackedLines {
  /** The history line number of the first. */
  readonly first: number;
  readonly count: number;
  /** Per line a number, twice its length in octets and one more when the next line continues its text, and the line. */
  readonly octets: Uint8Array;
}

/** One line of the history. */
export interface HistoryLine {
  readonly row: Row;
  /** Whether the next line continues its text. */
  readonly continues: boolean;
}

/** Packs lines as they leave: most are plain ASCII, and there can be a million a second. */
export class LinePacker {
  readonly #out = new OctetWriter();
  readonly #line = new OctetWriter();
  #next: number;
  #count = 0;

  /** `next`: the number of the first line. */
  constructor(next: number) {
    this.#next = next;
  }

  /** The number of the next line. */
  get next(): number {
    return this.#next;
  }

  push(line: XtermLine, continues: boolean): void {
    this.#next++;
    this.#count++;
    const plain = plainLength(line._data);
    if (plain >= 0) {
      this.#out.number(2 * plain + (continues ? 1 : 0));
      const data = line._data;
      for (let at = 0; at < plain * CELL_WORDS; at += CELL_WORDS) this.#out.octet(data[at]! & 0x7f || 0x20);
      return;
    }
    this.#line.clear();
    writeRow(this.#line, captureRow(line, false), BLANK_ROW, new AttributeTable());
    this.#out.number(2 * this.#line.length + (continues ? 1 : 0));
    this.#out.octets(this.#line.take());
  }

  /** The lines since the last call; undefined: none. */
  take(): PackedLines | undefined {
    if (this.#count === 0) return undefined;
    const lines = { first: this.#next - this.#count, count: this.#count, octets: this.#out.take() };
    this.#out.clear();
    this.#count = 0;
    return lines;
  }
}

/** The lines themselves. Throws `PeerError` ("malformed-screen") on anything malformed. */
export function unpackLines({ count, octets }: PackedLines): HistoryLine[] {
  const from = new OctetReader(octets);
  const lines: HistoryLine[] = [];
  for (let i = 0; i < count; i++) {
    const head = from.number(2 * MAX_ENCODED_OCTETS + 1);
    const row = readRow(from.part(Math.floor(head / 2)), MAX_CELLS, BLANK_ROW, new AttributeTable());
    lines.push({ row, continues: head % 2 === 1 });
  }
  return lines;
}

/** Cells of a line that is nothing but ASCII without attributes; −1: it is more. */
function plainLength(data: Uint32Array): number {
  let length = 0;
  for (let at = 0; at < data.length; at += CELL_WORDS) {
    const content = data[at]! - BLANK;
    if (content < 0 || content > 0x7e || (data[at + 1]! | data[at + 2]!) !== 0) return -1;
    if (content !== 0 && content !== 0x20) length = at / CELL_WORDS + 1;
  }
  return length;
}
