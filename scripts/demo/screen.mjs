// Shows what a terminal shows, for the output of a shell: enough of a terminal for line editing, no more.

export class Screen {
  #columns;
  #rows;
  #lines;
  #x = 0;
  #y = 0;
  #rest = "";

  constructor(columns, rows) {
    this.#columns = columns;
    this.#rows = rows;
    this.#lines = Array.from({ length: rows }, () => []);
  }

  feed(text) {
    const all = this.#rest + text;
    this.#rest = "";
    const tokens =
      /\x1b\[([0-9;?<=>]*)([ -/]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][0-9A-Z]|\x1b[=>78cM]|\x1b|[^\x1b]/gsu;
    for (const match of all.matchAll(tokens)) {
      if (match[0] === "\x1b") {
        // A sequence whose end has not come yet.
        this.#rest = all.slice(match.index);
        return;
      }
      if (match[3] !== undefined) this.#control(match[1], match[3]);
      else if (match[0].length > 0 && !match[0].startsWith("\x1b")) this.#character(match[0]);
    }
  }

  /** Without blank lines at the end. */
  get text() {
    return this.#lines
      .map((line) =>
        Array.from(line, (cell) => cell ?? " ")
          .join("")
          .trimEnd(),
      )
      .join("\n")
      .trimEnd();
  }

  #character(char) {
    switch (char) {
      case "\r":
        this.#x = 0;
        return;
      case "\n":
        this.#down();
        return;
      case "\b":
        this.#x = Math.max(0, this.#x - 1);
        return;
      case "\t":
        this.#x = Math.min(this.#columns - 1, (Math.floor(this.#x / 8) + 1) * 8);
        return;
    }
    if (char < " " || char === "\x7f") return;
    const wide =
      /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u.test(
        char,
      );
    if (this.#x + (wide ? 2 : 1) > this.#columns) {
      this.#x = 0;
      this.#down();
    }
    this.#lines[this.#y][this.#x++] = char;
    if (wide) this.#lines[this.#y][this.#x++] = "";
  }

  #down() {
    if (++this.#y < this.#rows) return;
    this.#y = this.#rows - 1;
    this.#lines.shift();
    this.#lines.push([]);
  }

  #control(parameters, final) {
    if (/^[?<=>]/.test(parameters)) return;
    const numbers = parameters.split(";").map(Number);
    const count = Math.max(1, numbers[0]);
    switch (final) {
      case "A":
        this.#y = Math.max(0, this.#y - count);
        return;
      case "B":
        this.#y = Math.min(this.#rows - 1, this.#y + count);
        return;
      case "C":
        this.#x = Math.min(this.#columns - 1, this.#x + count);
        return;
      case "D":
        this.#x = Math.max(0, this.#x - count);
        return;
      case "G":
        this.#x = Math.min(this.#columns, count) - 1;
        return;
      case "H":
        this.#y = Math.min(this.#rows, count) - 1;
        this.#x = Math.min(this.#columns, Math.max(1, numbers[1] ?? 1)) - 1;
        return;
      case "K":
        this.#eraseInLine(numbers[0]);
        return;
      case "J":
        this.#eraseInDisplay(numbers[0]);
        return;
      case "P":
        this.#lines[this.#y].splice(this.#x, count);
        return;
      case "@":
        this.#lines[this.#y].splice(this.#x, 0, ...Array(count).fill(" "));
    }
  }

  #eraseInLine(mode) {
    const line = this.#lines[this.#y];
    if (mode === 0) line.length = Math.min(line.length, this.#x);
    else if (mode === 1) line.fill(" ", 0, this.#x + 1);
    else line.length = 0;
  }

  #eraseInDisplay(mode) {
    if (mode === 0) {
      this.#eraseInLine(0);
      this.#lines.fill([], this.#y + 1);
      for (let y = this.#y + 1; y < this.#rows; y++) this.#lines[y] = [];
    } else if (mode >= 2) {
      this.#lines = Array.from({ length: this.#rows }, () => []);
    }
  }
}
