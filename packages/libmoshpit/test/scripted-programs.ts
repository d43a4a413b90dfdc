// Programs as a terminal sees them, for the laws of prediction: a shell with line editing, password prompts, an editor, a
// REPL, a chat client, a pager. Each writes what the real ones write, as far as a screen shows it.
import { BACKSPACE, ENTER, Line, UP, type Program, type Tty } from "./scripted-line.js";
import { Chat, Editor, Pager } from "./scripted-screens.js";

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
