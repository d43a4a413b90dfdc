// Scripted programs that use the whole screen: an editor, a chat client, a pager.
import { BACKSPACE, ENTER, LEFT, RIGHT, type Program, type Tty } from "./scripted-line.js";

/** Like vim: modes, a status line, a ruler, a cursor that hides while it draws. */
export class Editor implements Program {
  readonly #tty: Tty;
  readonly #lines: string[] = ["first line of the file", "", "  indented text"];
  #x = 0;
  #y = 0;
  #inserting = false;

  constructor(tty: Tty) {
    this.#tty = tty;
    tty.write("\x1b[?1049h\x1b[H\x1b[2J");
    this.#lines.forEach((_, y) => this.#drawLine(y));
    for (let y = this.#lines.length; y < tty.rows - 1; y++) tty.write(`\x1b[${y + 1};1H\x1b[34m~\x1b[m`);
    this.#ruler();
  }

  key(key: string): void {
    if (this.#inserting) this.#insert(key);
    else this.#command(key);
  }

  #insert(key: string): void {
    const line = this.#lines[this.#y] ?? "";
    if (key === "\x1b") {
      this.#inserting = false;
      this.#x = Math.max(0, this.#x - 1);
      this.#status("");
    } else if (key === ENTER) {
      this.#lines.splice(this.#y, 1, line.slice(0, this.#x), line.slice(this.#x));
      this.#y++;
      this.#x = 0;
      for (let y = this.#y - 1; y < Math.min(this.#lines.length, this.#tty.rows - 1); y++) this.#drawLine(y);
    } else if (key === BACKSPACE) {
      if (this.#x > 0) this.#lines[this.#y] = line.slice(0, this.#x - 1) + line.slice(this.#x);
      this.#x = Math.max(0, this.#x - 1);
      this.#drawLine(this.#y);
    } else if (key === LEFT || key === RIGHT) {
      this.#move(key === LEFT ? -1 : 1, 0, line.length);
    } else if (key >= " " && line.length < this.#tty.columns - 1) {
      this.#lines[this.#y] = line.slice(0, this.#x) + key + line.slice(this.#x);
      this.#x++;
      this.#drawLine(this.#y);
    }
    this.#ruler();
  }

  #command(key: string): void {
    const line = this.#lines[this.#y] ?? "";
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      h: [-1, 0],
      l: [1, 0],
      j: [0, 1],
      k: [0, -1],
      [LEFT]: [-1, 0],
      [RIGHT]: [1, 0],
    };
    const move = moves[key];
    if (move !== undefined) this.#move(move[0], move[1], line.length - 1);
    else if (key === "i" || key === "a") this.#begin(key === "a" ? 1 : 0);
    else if (key === "o") this.#open();
    else if (key === "x") {
      this.#lines[this.#y] = line.slice(0, this.#x) + line.slice(this.#x + 1);
      this.#drawLine(this.#y);
    } else if (key === "Z") {
      this.#tty.write("\x1b[?1049l");
      return this.#tty.leave();
    }
    this.#ruler();
  }

  #begin(by: number): void {
    this.#inserting = true;
    this.#x = Math.min(this.#x + by, (this.#lines[this.#y] ?? "").length);
    this.#status("-- INSERT --");
  }

  #open(): void {
    if (this.#lines.length >= this.#tty.rows - 1) return;
    this.#y++;
    this.#x = 0;
    this.#lines.splice(this.#y, 0, "");
    for (let y = this.#y; y < this.#lines.length; y++) this.#drawLine(y);
    this.#begin(0);
  }

  #move(x: number, y: number, most: number): void {
    this.#y = Math.max(0, Math.min(this.#lines.length - 1, this.#y + y));
    const length = y === 0 ? most : (this.#lines[this.#y] ?? "").length - 1;
    this.#x = Math.max(0, Math.min(length, this.#x + x));
  }

  #drawLine(y: number): void {
    this.#tty.write(`\x1b[?25l\x1b[${y + 1};1H\x1b[K${this.#lines[y] ?? ""}`);
  }

  #status(text: string): void {
    this.#tty.write(`\x1b[?25l\x1b[${this.#tty.rows};1H\x1b[K\x1b[1m${text}\x1b[m`);
  }

  #ruler(): void {
    const { rows, columns } = this.#tty;
    this.#tty.write(`\x1b[?25l\x1b[${rows};${columns - 11}H${`${this.#y + 1},${this.#x + 1}`.padEnd(9)}`);
    this.#tty.write(`\x1b[${this.#y + 1};${this.#x + 1}H\x1b[?25h`);
  }
}

/** Messages arrive above an input line at the bottom. */
export class Chat implements Program {
  readonly #tty: Tty;
  #text = "";
  #messages = 0;
  #over = false;

  constructor(tty: Tty) {
    this.#tty = tty;
    tty.write(`\x1b[?1049h\x1b[2J\x1b[${tty.rows};1H> `);
    this.#arrive();
  }

  key(key: string): void {
    if (key === "\x04") {
      this.#over = true;
      this.#tty.write("\x1b[?1049l");
      return this.#tty.leave();
    }
    if (key === ENTER) {
      this.#message(`me: ${this.#text}`);
      this.#text = "";
      this.#tty.write("\r\x1b[K> ");
    } else if (key === BACKSPACE) {
      if (this.#text !== "") this.#tty.write("\b\x1b[K");
      this.#text = this.#text.slice(0, -1);
    } else if (key >= " " && key.length === 1 && this.#text.length < this.#tty.columns - 4) {
      this.#text += key;
      this.#tty.write(key);
    }
  }

  #arrive(): void {
    this.#tty.later(200 + 1_500 * this.#tty.random(), () => {
      if (this.#over) return;
      this.#message(`them: message ${++this.#messages}`);
      this.#arrive();
    });
  }

  #message(text: string): void {
    const { rows } = this.#tty;
    this.#tty.write(`\x1b[1;${rows - 2}r\x1b[${rows - 2};1H\r\n${text}`);
    this.#tty.write(`\x1b[r\x1b[${rows};${3 + this.#text.length}H`);
  }
}

/** Like less: keys scroll; a search is typed in the last row. */
export class Pager implements Program {
  readonly #tty: Tty;
  #top = 0;
  #search: string | undefined;

  constructor(tty: Tty) {
    this.#tty = tty;
    tty.write("\x1b[?1049h");
    this.#draw();
  }

  key(key: string): void {
    if (this.#search !== undefined) return this.#inSearch(key);
    const page = this.#tty.rows - 1;
    const by = { " ": page, b: -page, j: 1, k: -1, d: page >> 1 }[key];
    if (key === "q") {
      this.#tty.write(`\x1b[${this.#tty.rows};1H\x1b[K\x1b[?1049l`);
      this.#tty.leave();
    } else if (key === "/") {
      this.#search = "";
      this.#tty.write("\r\x1b[K/");
    } else if (by !== undefined) {
      this.#top = Math.max(0, this.#top + by);
      this.#draw();
    }
  }

  #inSearch(key: string): void {
    if (key === ENTER) {
      this.#search = undefined;
      this.#top += 7;
      this.#draw();
    } else if (key === BACKSPACE && this.#search !== "") {
      this.#search = this.#search?.slice(0, -1);
      this.#tty.write("\b \b");
    } else if (key >= " " && key.length === 1) {
      this.#search += key;
      this.#tty.write(key);
    }
  }

  #draw(): void {
    this.#tty.write("\x1b[H\x1b[2J");
    for (let y = 0; y < this.#tty.rows - 1; y++) this.#tty.write(`text of line ${this.#top + y}\r\n`);
    this.#tty.write(":");
  }
}
