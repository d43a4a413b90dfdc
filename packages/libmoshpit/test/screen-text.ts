import { textAt, widthAt, type Row } from "../src/screen/index.js";

/** The characters of a row, blanks as spaces, without those at the end. */
export function captureText(row: Row): string {
  let text = "";
  for (let x = 0; x < row.words.length / 3; x++) if (widthAt(row, x) > 0) text += textAt(row, x) || " ";
  return text;
}
