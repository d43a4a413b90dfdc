// Generated output of programs, for the laws of the screen: what shells, editors and full-screen programs write, and now
// and then what none would.
import fc from "fast-check";

const esc = "\x1b";
const pick = (...options: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...options);
const number = (most: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: most });

const CHARACTERS: readonly string[] = [
  ..."abcXYZ019 .,~-_|/\\#$%",
  "é",
  "ß",
  "Ж",
  "─",
  "█",
  "漢",
  "字",
  "한",
  "ア",
  "🙂",
  "👩‍💻",
  "❤️",
  "e\u0301",
  "a\u0308\u0323",
  "\u0301",
  "\u200d",
  "ﷺ",
  "\u{1f1e9}\u{1f1ea}",
];

const word = fc
  .array(fc.constantFrom(...CHARACTERS), { minLength: 1, maxLength: 12 })
  .map((all) => all.join(""));
const line = fc
  .array(fc.constantFrom(...CHARACTERS), { minLength: 20, maxLength: 60 })
  .map((all) => all.join(""));

const colour = fc.oneof(
  number(255).map((n) => `5;${n}`),
  fc.tuple(number(255), number(255), number(255)).map(([r, g, b]) => `2;${r};${g};${b}`),
);
const sgr = fc
  .array(
    fc.oneof(
      pick(
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "7",
        "8",
        "9",
        "21",
        "22",
        "23",
        "24",
        "25",
        "27",
        "28",
        "29",
        "53",
        "55",
      ),
      pick("4:0", "4:1", "4:2", "4:3", "4:4", "4:5", "58:5:9", "58:2::1:2:3", "59", "39", "49"),
      number(7).map((n) => `${30 + n}`),
      number(7).map((n) => `${40 + n}`),
      number(7).map((n) => `${90 + n}`),
      number(7).map((n) => `${100 + n}`),
      colour.map((c) => `38;${c}`),
      colour.map((c) => `48;${c}`),
    ),
    { maxLength: 4 },
  )
  .map((all) => `${esc}[${all.join(";")}m`);

const moves = fc.oneof(
  fc.tuple(number(12), number(24)).map(([y, x]) => `${esc}[${y};${x}H`),
  fc.tuple(number(9), pick(..."ABCDEFGIZ`ade")).map(([n, final]) => `${esc}[${n}${final}`),
  pick("\r", "\n", "\r\n", "\b", "\t", "\v", "\f", `${esc}D`, `${esc}E`, `${esc}M`),
  pick(`${esc}7`, `${esc}8`, `${esc}[s`, `${esc}[u`),
  // To the right margin.
  fc.tuple(number(12), word).map(([y, text]) => `${esc}[${y};999H${text}`),
);

const edits = fc.oneof(
  fc.tuple(number(4), pick(..."@PXLMSTb")).map(([n, final]) => `${esc}[${n}${final}`),
  fc
    .tuple(number(3), pick("J", "K", "?J", "?K"))
    .map(([n, end]) => (end.startsWith("?") ? `${esc}[?${n}${end.slice(1)}` : `${esc}[${n}${end}`)),
  pick(`${esc}[2 @`, `${esc}[2 A`, `${esc}[2'}`, `${esc}[2'~`, `${esc}#8`, `${esc}[1"q`, `${esc}[0"q`),
);

const MODE_NUMBERS = [
  1, 5, 6, 7, 9, 12, 25, 45, 66, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004, 2026, 2031,
];
const modes = fc.oneof(
  fc.tuple(fc.constantFrom(...MODE_NUMBERS), pick("h", "l")).map(([n, end]) => `${esc}[?${n}${end}`),
  fc.tuple(pick("4", "20"), pick("h", "l")).map(([n, end]) => `${esc}[${n}${end}`),
  pick(`${esc}=`, `${esc}>`, `${esc}[!p`),
  number(6).map((n) => `${esc}[${n} q`),
  fc.tuple(number(8), number(12)).map(([top, bottom]) => `${esc}[${top};${bottom}r`),
  pick(`${esc}[r`, `${esc}H`, `${esc}[g`, `${esc}[3g`),
  fc.tuple(pick("?1049", "?1047", "?47", "?1048"), pick("h", "l")).map(([n, end]) => `${esc}[${n}${end}`),
  fc.tuple(pick("(", ")", "*", "+"), pick("0", "A", "B", "4")).map(([g, set]) => `${esc}${g}${set}`),
  pick("\x0e", "\x0f", `${esc}n`, `${esc}o`),
  number(31).map((n) => `${esc}[>${n}u`),
  pick(`${esc}[<u`, `${esc}[=5;2u`, `${esc}[>4;2m`, `${esc}[>4m`),
);

const strings = fc.oneof(
  fc.tuple(pick("0", "1", "2"), word).map(([n, title]) => `${esc}]${n};${title}\x07`),
  pick(`${esc}[22;0t`, `${esc}[23;0t`, `${esc}[22;1t`, `${esc}[23;2t`),
  fc.tuple(number(258), pick("#123456", "rgb:ff/00/10")).map(([n, c]) => `${esc}]4;${n};${c}${esc}\\`),
  fc.tuple(pick("10", "11", "12"), pick("#abcdef", "#000000")).map(([n, c]) => `${esc}]${n};${c}${esc}\\`),
  pick(`${esc}]104\x07`, `${esc}]110\x07`, `${esc}]104;3\x07`),
  fc
    .tuple(pick("", "id=1"), pick("http://a/", "file:///b;c", ""))
    .map(([p, uri]) => `${esc}]8;${p};${uri}\x07`),
  pick(`${esc}P$q q${esc}\\`, `${esc}_apc${esc}\\`, `${esc}^pm${esc}\\`, "\x07"),
);

const shell = word.map((text) => `${esc}[32m$ ${esc}[m${text}\r\n`);

/** What programs write, piece by piece, mostly text. Resets are rare, so that there is something on the screen. */
export const vtPieces: fc.Arbitrary<readonly string[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: word },
    { weight: 3, arbitrary: line },
    { weight: 3, arbitrary: shell },
    { weight: 6, arbitrary: sgr },
    { weight: 8, arbitrary: moves },
    { weight: 6, arbitrary: edits },
    { weight: 4, arbitrary: modes },
    { weight: 2, arbitrary: strings },
  ),
  { maxLength: 60 },
);

/** The same as one stream of octets. */
export const vtStream: fc.Arbitrary<Uint8Array> = vtPieces.map(encode);

/** Text as UTF-8. */
export function encode(pieces: readonly string[] | string): Uint8Array {
  return new TextEncoder().encode(typeof pieces === "string" ? pieces : pieces.join(""));
}

/** Octets that look like sequences, at every boundary, and like nothing at all. */
export const wildOctets: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      pick(
        "\x1b",
        "\x1b[",
        "\x1b]",
        "\x1bP",
        "\x9b",
        ";",
        ":",
        "?",
        "1",
        "99999999999",
        "m",
        "S",
        "\x18",
        "\x1b\\",
      ).map(encode),
      vtPieces.map((pieces) => encode(pieces.slice(0, 3))),
    ),
    { maxLength: 40 },
  )
  .map((parts) => {
    const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  });
