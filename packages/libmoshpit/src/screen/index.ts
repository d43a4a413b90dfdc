export { apply } from "./apply.js";
export * from "./attributes.js";
export { compress, decompress, type Compressed } from "./compression.js";
export { diff } from "./diff.js";
export { digest } from "./digest.js";
export * from "./emulator.js";
export { History, type HistoryBudget } from "./history.js";
export { InputParser } from "./input-parser.js";
export * from "./limits.js";
export { unpackLines, type HistoryLine, type PackedLines } from "./line-packer.js";
export { MODES, DEFAULT_MODES, ALL_MODES, type Mode } from "./modes.js";
export { paint } from "./paint.js";
export { leave, repaint } from "./repaint.js";
export { isCertain, Painter } from "./painter.js";
export {
  attributesAt,
  BLANK,
  BLANK_ROW,
  CELL_WORDS,
  COMBINED,
  rowLength,
  sameCell,
  sameRow,
  textAt,
  widthAt,
  WIDTH_SHIFT,
  type CellExtra,
  Row,
} from "./row.js";
export * from "./state.js";
export { encodeUtf8 } from "./utf8.js";
export { WORK_PER_TURN } from "./work.js";
