export * from "./attributes.js";
export * from "./emulator.js";
export { InputParser } from "./input-parser.js";
export * from "./limits.js";
export { MODES, DEFAULT_MODES, ALL_MODES, type Mode } from "./modes.js";
export { leave, repaint } from "./repaint.js";
export { isCertain, Painter } from "./painter.js";
export {
  attributesAt,
  BLANK,
  BLANK_ROW,
  CELL_WORDS,
  COMBINED,
  makeRow,
  rowLength,
  sameCell,
  sameRow,
  textAt,
  widthAt,
  WIDTH_SHIFT,
  type CellExtra,
  type Row,
} from "./row.js";
export * from "./state.js";
export { encodeUtf8 } from "./utf8.js";
