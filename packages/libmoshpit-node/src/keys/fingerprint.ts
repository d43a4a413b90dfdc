import { createHash } from "node:crypto";
import { ascii, concatBytes, u32 } from "libmoshpit/util";

/** `SHA256:…` as `ssh-keygen -l` prints it for the same Ed25519 key: over the key's SSH encoding, without padding. */
export function fingerprint(publicKey: Uint8Array): string {
  return `SHA256:${digest(publicKey).toString("base64").replace(/=+$/, "")}`;
}

/**
 * The picture that `ssh-keygen -lv` prints for the same Ed25519 key: 11 lines of 19 characters, without a newline at
 * the end. A bishop walks the board, two bits a step, and marks how often it was on each square.
 */
export function randomart(publicKey: Uint8Array): string {
  const visits = new Uint8Array(COLUMNS * ROWS);
  let x = Math.floor(COLUMNS / 2);
  let y = Math.floor(ROWS / 2);
  for (const octet of digest(publicKey)) {
    for (let shift = 0; shift < 8; shift += 2) {
      const step = octet >> shift;
      x = clamp(x + (step & 1 ? 1 : -1), COLUMNS);
      y = clamp(y + (step & 2 ? 1 : -1), ROWS);
      const square = y * COLUMNS + x;
      visits[square] = Math.min((visits[square] ?? 0) + 1, MARKS.length - 1);
    }
  }
  const start = Math.floor(ROWS / 2) * COLUMNS + Math.floor(COLUMNS / 2);
  const squares = Array.from(visits, (count) => MARKS.charAt(count));
  squares[start] = "S";
  squares[y * COLUMNS + x] = "E";
  const rows = Array.from(
    { length: ROWS },
    (_, row) => `|${squares.slice(row * COLUMNS, (row + 1) * COLUMNS).join("")}|`,
  );
  return [edge("[ED25519 256]"), ...rows, edge("[SHA256]")].join("\n");
}

/** The 9 lines of a picture's board that stand in `text`, whatever became of its line ends; undefined if they do not. */
export function randomartRows(text: string): readonly string[] | undefined {
  const rows = text.match(/\|[ .o+=*BOX@%&#/^SE]{17}\|/g);
  return rows?.length === ROWS ? rows : undefined;
}

const COLUMNS = 17;
const ROWS = 9;
const MARKS = " .o+=*BOX@%&#/^";

function digest(publicKey: Uint8Array): Buffer {
  const kind = ascii("ssh-ed25519");
  const blob = concatBytes(u32(kind.length), kind, u32(publicKey.length), publicKey);
  return createHash("sha256").update(blob).digest();
}

function clamp(value: number, size: number): number {
  return Math.min(Math.max(value, 0), size - 1);
}

/** `+--[ED25519 256]--+`: the label in the middle, the odd dash on the right. */
function edge(label: string): string {
  const left = Math.floor((COLUMNS - label.length) / 2);
  return `+${("-".repeat(left) + label).padEnd(COLUMNS, "-")}+`;
}
