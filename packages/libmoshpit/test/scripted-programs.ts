// Programs as a terminal sees them, for the laws of prediction: a shell with line editing, password prompts, an editor, a
// REPL, a chat client, a pager. Each writes what the real ones write, as far as a screen shows it.

/** What a program has. */
export interface Tty {
  readonly columns: number;
  readonly rows: number;
  /** Writes output. */
  write(text: string): void;
  /** Later, in milliseconds. */
  later(delay: number, act: () => void): void;
  /** 0 inclusive to 1 exclusive. */
  random(): number;
  /** Another program reads the keys from now on, until it calls `leave`. */
  run(program: Program): void;
  leave(): void;
}

/** Reads keys: a character, or the octets of a key. */
export interface Program {
  key(key: string): void;
  /** The program that it ran has ended. */
  resumed?(): void;
}

const ENTER = "\r";
const BACKSPACE = "\x7f";
const LEFT = "\x1b[D";
const RIGHT = "\x1b[C";
const UP = "\x1b[A";

/** A line editor: inserts, and wraps at the margin. */
class Line {
  readonly #tty: Tty;
  readonly #prompt: string;
  text = "";
  #at = 0;

  constructor(tty: Tty, prompt: string) {
    this.#tty = tty;
    this.#prompt = prompt;
  }

  begin(text = ""): void {
    this.text = "";
    this.#at = 0;
    this.#tty.write(this.#prompt);
    for (const character of text) this.key(character);
  }

  /** False: not a key of the editor. */
  key(key: string): boolean {
    if (key === BACKSPACE) this.#backspace();
    else if (key === LEFT) this.#left();
    else if (key === RIGHT) this.#right();
    else if (key === "\x15") this.replace("");
    else if (key.length === 1 && key >= " ") this.#insert(key);
    else return false;
    return true;
  }

  replace(text: string): void {
    this.#tty.write(`${"\b".repeat(this.#at)}\x1b[J${text}`);
    this.text = text;
    this.#at = text.length;
  }

  #insert(character: string): void {
    const rest = this.text.slice(this.#at);
    this.text = this.text.slice(0, this.#at) + character + rest;
    this.#at++;
    this.#tty.write(character + rest + "\b".repeat(rest.length));
    const column = this.#prompt.length + this.#at;
    if (rest === "" && column % this.#tty.columns === 0) this.#tty.write(" \r");
  }

  #backspace(): void {
    if (this.#at === 0) return this.#tty.write("\x07");
    const rest = this.text.slice(this.#at);
    this.text = this.text.slice(0, this.#at - 1) + rest;
    this.#at--;
    this.#tty.write(`\b${rest} ${"\b".repeat(rest.length + 1)}`);
  }

  #left(): void {
    if (this.#at === 0) return this.#tty.write("\x07");
    this.#at--;
    this.#tty.write("\b");
  }

  #right(): void {
    if (this.#at === this.text.length) return this.#tty.write("\x07");
    this.#tty.write(this.text[this.#at++] ?? "");
  }
}

/** Runs commands, and `sudo`, `read`, `cat`, `vim`, `python`, `chat` and `less`. */
export class Shell implements Program {
  readonly #tty: Tty;
  readonly #line: Line;
  readonly #history: string[] = [];
  #recalled = 0;
  /** While a command runs the terminal echoes what is typed. */
  #busy = false;
  #ahead = "";

  constructor(tty: Tty, prompt = "u@host:~$ ") {
    this.#tty = tty;
    this.#line = new Line(tty, prompt);
    this.#line.begin();
  }

  key(key: string): void {
    if (this.#busy) {
      this.#ahead += key === ENTER ? "\n" : key;
      this.#tty.write(key === ENTER ? "\r\n" : key);
    } else if (key === ENTER) {
      this.#tty.write("\r\n");
      this.#history.push(this.#line.text);
      this.#recalled = this.#history.length;
      this.#busy = true;
      this.#start(this.#line.text.trim());
    } else if (key === UP) {
      this.#recalled = Math.max(0, this.#recalled - 1);
      this.#line.replace(this.#history[this.#recalled] ?? "");
    } else {
      this.#line.key(key);
    }
  }

  resumed(): void {
    this.#busy = false;
    const ahead = this.#ahead;
    this.#ahead = "";
    this.#line.begin();
    for (const key of ahead) this.key(key === "\n" ? ENTER : key);
  }

  #start(command: string): void {
    const random = (): number => this.#tty.random();
    const [name, ...rest] = command.split(" ");
    const soon = (delay: number, program: () => Program): void =>
      this.#tty.later(delay * random(), () => {
        this.#ahead = "";
        this.#tty.run(program());
      });
    switch (name) {
      case "sudo":
        return soon(300, () => new Password(this.#tty, "[sudo] password for u: ", rest.includes("stars")));
      case "read":
        return soon(30, () => new Password(this.#tty, rest.join(" "), false));
      case "cat":
        return soon(30, () => new Cat(this.#tty));
      case "vim":
        return soon(60, () => new Editor(this.#tty));
      case "python":
        return soon(60, () => new Repl(this.#tty));
      case "chat":
        return soon(60, () => new Chat(this.#tty));
      case "less":
        return soon(60, () => new Pager(this.#tty));
      default:
        this.#tty.later(60 * random(), () => {
          for (let i = 0; i < 6 * random(); i++) this.#tty.write(`${command}: line ${i}\r\n`);
          this.resumed();
        });
    }
  }
}

/** Asks for a password, three times if it is short; shows nothing, or stars. */
class Password implements Program {
  readonly #tty: Tty;
  readonly #prompt: string;
  readonly #stars: boolean;
  #text = "";

  constructor(tty: Tty, prompt: string, stars: boolean) {
    this.#tty = tty;
    this.#prompt = prompt;
    this.#stars = stars;
    tty.write(prompt);
  }

  key(key: string): void {
    if (key === ENTER) {
      this.#tty.write("\r\n");
      this.#tty.later(200 * this.#tty.random(), () => this.#check());
    } else if (key === BACKSPACE) {
      if (this.#stars && this.#text !== "") this.#tty.write("\b \b");
      this.#text = this.#text.slice(0, -1);
    } else {
      this.#text += key;
      if (this.#stars) this.#tty.write("*");
    }
  }

  #check(): void {
    if (this.#text.length >= 6) return this.#tty.leave();
    this.#text = "";
    this.#tty.write(`Sorry, try again.\r\n${this.#prompt}`);
  }
}

/** The terminal edits the lines; Ctrl-D ends. */
class Cat implements Program {
  readonly #tty: Tty;
  #line = "";

  constructor(tty: Tty) {
    this.#tty = tty;
  }

  key(key: string): void {
    if (key === "\x04") return this.#tty.leave();
    if (key === ENTER) {
      this.#tty.write(`\r\n${this.#line}\r\n`);
      this.#line = "";
    } else if (key === BACKSPACE) {
      if (this.#line !== "") this.#tty.write("\b \b");
      this.#line = this.#line.slice(0, -1);
    } else if (key >= " ") {
      this.#line += key;
      this.#tty.write(key);
    }
  }
}

/** Python as far as it echoes; `getpass` asks for a password. */
class Repl implements Program {
  readonly #tty: Tty;
  readonly #line: Line;

  constructor(tty: Tty) {
    this.#tty = tty;
    this.#line = new Line(tty, ">>> ");
    tty.write("Python 3\r\n");
    this.#line.begin();
  }

  key(key: string): void {
    if (key === "\x04") {
      this.#tty.write("\r\n");
      return this.#tty.leave();
    }
    if (key !== ENTER) {
      this.#line.key(key);
      return;
    }
    this.#tty.write("\r\n");
    if (this.#line.text === "getpass()") return this.#tty.run(new Password(this.#tty, "Password: ", false));
    if (this.#line.text !== "") this.#tty.write("42\r\n");
    this.#line.begin();
  }

  resumed(): void {
    this.#line.begin();
  }
}

/** Like vim: modes, a status line, a ruler, a cursor that hides while it draws. */
class Editor implements Program {
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
class Chat implements Program {
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
class Pager implements Program {
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
