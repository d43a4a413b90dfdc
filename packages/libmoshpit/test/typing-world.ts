// A person who types at programs far away, on virtual time: program, terminal, server, link, mirror, predictor.
import { Display } from "../src/display/index.js";
import { Emulator, shownPage, textAt, BLANK_ROW, type Row, type ScreenState } from "../src/screen/index.js";
import { Predictor, type Overlay, type PredictorOptions } from "../src/prediction/index.js";
import { micros, millis, NEVER, type Micros } from "../src/util/index.js";
import type { Program, Tty } from "./scripted-line.js";
import { Shell } from "./scripted-programs.js";

/** What the person does. */
export type Step =
  /** Types these keys, with about this many milliseconds between them. `secret`: none may be in an overlay. */
  | { readonly keys: readonly string[]; readonly gap: number; readonly secret?: boolean }
  /** Waits until the screen shows this, at the end of a row, and as long as people need to see it. */
  | { readonly until: string }
  | { readonly pause: number };

export interface WorldOptions {
  readonly seed: number;
  /** One way, in milliseconds; `jitter` more at most. */
  readonly delay: number;
  readonly jitter?: number;
  readonly columns?: number;
  readonly rows?: number;
  readonly predictor?: PredictorOptions;
}

/** What was seen. */
export interface Seen {
  /** Printable keys typed, and how many were on the shown screen at once. */
  printable: number;
  atOnce: number;
  /** The same, of the keys after the first word of a line or of an epoch. */
  laterPrintable: number;
  laterAtOnce: number;
  /** Cells shown, and those that the program did not come to show there. */
  cells: number;
  wrongCells: number;
  /** The longest that a wrong cell was shown after its key was typed. */
  longestWrong: Micros;
  leaks: string[];
  /** The wrong cells. */
  wrong: string[];
  /** The screen at the end. */
  mirror: ScreenState;
  overlay: Overlay;
  /** The program's screen, and the person's, at the end. */
  server: ScreenState;
  terminal: ScreenState;
}

/** A cell of an overlay: what it showed where, and how long. */
interface Episode {
  readonly cell: string;
  readonly since: Micros;
  readonly until: Micros;
}

const REACTION = 150;

export class World {
  readonly predictor: Predictor;
  readonly #options: Required<WorldOptions>;
  readonly #random: () => number;
  readonly #server: Emulator;
  readonly #display: Display;
  /** The person's. */
  readonly #terminal: Emulator;
  #now: Micros = micros(0);
  #queue: { at: Micros; order: number; act: () => void }[] = [];
  #order = 0;
  #programs: Program[] = [];
  /** Input written to the terminal, and what was told of it. */
  #written = 0;
  #told = 0;
  #arrival = { up: 0, down: 0, program: 0 };
  #pendingOutput = "";
  #readAhead = false;
  /** What the cells of the server's screen showed, and from when to when. */
  readonly #history = new Map<string, [from: Micros, to: Micros][]>();
  #rows: readonly Row[] = [];
  readonly #shown = new Map<string, Micros>();
  readonly #episodes: Episode[] = [];
  #mirror: ScreenState;
  #secrets = "";
  #wake: Micros = NEVER;
  readonly seen: Seen;

  constructor(options: WorldOptions) {
    this.#options = { jitter: 0, columns: 60, rows: 12, predictor: { mode: "adaptive" }, ...options };
    this.#random = mulberry(options.seed);
    const { columns, rows, delay, predictor } = this.#options;
    this.#server = new Emulator(columns, rows);
    this.#display = new Display(columns, rows);
    this.#terminal = new Emulator(columns, rows);
    this.#mirror = this.#display.mirror;
    this.predictor = new Predictor(predictor);
    this.predictor.reflected(this.#now, 0, this.#mirror);
    this.predictor.roundTrip(this.#now, millis(2 * delay + this.#options.jitter));
    this.seen = {
      printable: 0,
      atOnce: 0,
      laterPrintable: 0,
      laterAtOnce: 0,
      cells: 0,
      wrongCells: 0,
      longestWrong: micros(0),
      leaks: [],
      wrong: [],
      mirror: this.#mirror,
      overlay: this.predictor.overlay(),
      server: this.#mirror,
      terminal: this.#mirror,
    };
    this.#programs = [new Shell(this.#tty())];
  }

  /** Does the steps, and then waits until nothing is under way. */
  play(steps: readonly Step[]): Seen {
    for (const step of steps) {
      if ("pause" in step) this.#runUntil(micros(this.#now + 1_000 * step.pause));
      else if ("until" in step) this.#await(step.until);
      else this.#type(step);
    }
    this.#runUntil(micros(this.#now + 8_000_000));
    this.#judge();
    this.seen.mirror = this.#mirror;
    this.seen.overlay = this.predictor.overlay();
    this.seen.server = this.#server.state();
    this.seen.terminal = this.#terminal.state();
    return this.seen;
  }

  #type({ keys, gap, secret }: Extract<Step, { keys: readonly string[] }>): void {
    let words = 0;
    for (const key of keys) {
      this.#runUntil(micros(this.#now + 1_000 * gap * (0.3 + 1.4 * this.#random())));
      if (secret === true) this.#secrets += key;
      const bytes = new TextEncoder().encode(key);
      this.predictor.typed(this.#now, bytes);
      this.#check();
      if (secret !== true && key.length === 1 && key >= " " && key !== "\x7f") {
        const here = this.#isOnScreen(key);
        this.seen.printable++;
        if (here) this.seen.atOnce++;
        if (words > 0) this.seen.laterPrintable++;
        if (words > 0 && here) this.seen.laterAtOnce++;
        if (key === " ") words++;
      } else {
        words = 0;
      }
      this.#up(key, bytes.length);
    }
  }

  /** Whether the shown screen has the key before the shown cursor. */
  #isOnScreen(key: string): boolean {
    const { cells, cursor } = this.predictor.overlay();
    if (cursor === undefined) return false;
    const cell = cells.find(({ x, y, width }) => y === cursor.y && x + width === cursor.x);
    const last = cells.find(({ x, y }) => y === cursor.y && x === cursor.x);
    const there = textAt(shownPage(this.#mirror).rows[cursor.y] ?? BLANK_ROW, cursor.x - 1);
    const wanted = key === " " ? "" : key;
    return (cell?.text ?? there) === wanted || last?.text === wanted;
  }

  #await(text: string): void {
    const end = this.#now + 30_000_000;
    const shows = (): boolean =>
      shownPage(this.#mirror).rows.some(
        (row, y) => rowText(row).trimEnd().endsWith(text.trimEnd()) && y === this.#mirror.cursor.y,
      );
    while (!shows()) {
      if (this.#now > end) throw new Error(`the screen never showed ${text}`);
      this.#runUntil(micros(this.#now + 10_000));
    }
    this.#runUntil(micros(this.#now + 1_000 * (REACTION + 100 * this.#random())));
  }

  /** A key goes to the server, which writes it to the terminal; the program takes a while to read it. */
  #up(key: string, octets: number): void {
    this.#at(this.#link("up"), () => {
      this.#written += octets;
      const written = this.#written;
      const read = Math.max(this.#arrival.program, this.#now + 500 + 4_000 * this.#random());
      this.#arrival.program = read;
      this.#at(micros(read), () => this.#programs.at(-1)?.key(key));
      this.#after(50, () => {
        if (this.#told < written) this.#down("", written);
      });
    });
  }

  /** The server reads what the program wrote in pieces, and says how much input went before. */
  #read(): void {
    const text = this.#pendingOutput;
    const cut = this.#random() < 0.2 ? Math.floor(text.length * this.#random()) : text.length;
    this.#pendingOutput = text.slice(cut);
    this.#readAhead = this.#pendingOutput !== "";
    if (this.#readAhead) this.#after(1 + 10 * this.#random(), () => this.#read());
    if (cut > 0) this.#down(text.slice(0, cut), this.#written);
  }

  #down(text: string, count: number): void {
    this.#told = Math.max(this.#told, count);
    const bytes = new TextEncoder().encode(text);
    this.#at(this.#link("down"), () => {
      for (let at = 0; at < bytes.length;) at += this.#display.output(bytes, at);
      this.#mirror = this.#display.mirror;
      this.predictor.reflected(this.#now, count, this.#mirror);
      this.#check();
    });
  }

  /** In order, whatever the jitter. */
  #link(way: "up" | "down"): Micros {
    const { delay, jitter } = this.#options;
    const at = Math.max(this.#arrival[way], this.#now + 1_000 * (delay + jitter * this.#random()));
    this.#arrival[way] = at;
    return micros(at);
  }

  /** The laws that hold at every moment. */
  #check(): void {
    const overlay = this.predictor.overlay();
    const { cells } = overlay;
    this.#display.show(overlay);
    this.#terminal.writeAll(this.#display.take());
    forget(this.#terminal);
    this.#lookForSecrets();
    const now = new Set<string>();
    for (const { x, y, text } of cells) {
      if (text !== "" && this.#secrets.includes(text)) this.seen.leaks.push(text);
      const key = `${y},${x},${text}`;
      now.add(key);
      if (!this.#shown.has(key)) this.#shown.set(key, this.#now);
    }
    for (const [cell, since] of this.#shown) {
      if (now.has(cell)) continue;
      this.#shown.delete(cell);
      this.#episodes.push({ cell, since, until: this.#now });
    }
  }

  /** On the terminal itself. The program may show what it likes. */
  #lookForSecrets(): void {
    if (this.#secrets === "") return;
    shownPage(this.#terminal.state()).rows.forEach((row, y) => {
      const mirrored = shownPage(this.#mirror).rows[y] ?? BLANK_ROW;
      for (let x = 0; row !== mirrored && x < this.#options.columns; x++) {
        const text = textAt(row, x);
        if (text === "" || text === "*" || !this.#secrets.includes(text)) continue;
        if (textAt(mirrored, x) !== text) this.seen.leaks.push(text);
      }
    });
  }

  /** A cell was right if the program came to show the same there within a round trip. */
  #judge(): void {
    const { delay, jitter } = this.#options;
    for (const { cell, since, until } of this.#episodes) {
      const end = since + 1_000 * (2 * delay + 2 * jitter + 50);
      this.seen.cells++;
      if (this.#history.get(cell)?.some(([from, to]) => from <= end && to >= since) === true) continue;
      this.seen.wrongCells++;
      this.seen.wrong.push(`${cell} ${since} ${until - since}`);
      this.seen.longestWrong = micros(Math.max(this.seen.longestWrong, until - since));
    }
  }

  #tty(): Tty {
    const { columns, rows } = this.#options;
    return {
      columns,
      rows,
      write: (text) => this.#write(text),
      later: (delay, act) => this.#after(delay, act),
      random: this.#random,
      run: (program) => void this.#programs.push(program),
      leave: () => {
        this.#programs.pop();
        this.#programs.at(-1)?.resumed?.();
      },
    };
  }

  #write(text: string): void {
    this.#server.writeAll(new TextEncoder().encode(text));
    forget(this.#server);
    const { rows } = shownPage(this.#server.state());
    rows.forEach((row, y) => {
      const before = this.#rows[y] ?? BLANK_ROW;
      for (let x = 0; row !== before && x < this.#options.columns; x++) {
        const [old, text] = [textAt(before, x), textAt(row, x)];
        if (old === text && this.#rows.length > 0) continue;
        const last = this.#history.get(`${y},${x},${old}`)?.at(-1);
        if (last !== undefined) last[1] = this.#now;
        const cell = `${y},${x},${text}`;
        this.#history.set(cell, [...(this.#history.get(cell) ?? []), [this.#now, NEVER]]);
      }
    });
    this.#rows = rows;
    this.#pendingOutput += text;
    if (this.#readAhead) return;
    this.#readAhead = true;
    this.#after(0.2 + 3 * this.#random(), () => this.#read());
  }

  #after(delay: number, act: () => void): void {
    this.#at(micros(this.#now + 1_000 * delay), act);
  }

  #at(at: Micros, act: () => void): void {
    this.#queue.push({ at, order: this.#order++, act });
  }

  #runUntil(end: Micros): void {
    for (;;) {
      this.#wake = this.predictor.deadline(this.#now);
      this.#queue.sort((a, b) => a.at - b.at || a.order - b.order);
      const next = this.#queue[0];
      const at = Math.min(next?.at ?? NEVER, this.#wake) as Micros;
      if (at > end) break;
      this.#now = micros(Math.max(this.#now, at));
      if (next !== undefined && next.at <= at) {
        this.#queue.shift();
        next.act();
      } else {
        this.predictor.handleTimeout(this.#now);
        this.#check();
        if (this.predictor.deadline(this.#now) <= this.#now) throw new Error("a timeout that does not end");
      }
    }
    this.#now = end;
  }
}

/** Takes what nobody looks at, so that it does not grow. */
function forget(emulator: Emulator): void {
  emulator.takeEvents();
  emulator.takeLines();
}

/** The characters of a row. */
export function rowText(row: Parameters<typeof textAt>[0]): string {
  let text = "";
  for (let x = 0; x < row.words.length / 3; x++) text += textAt(row, x) || " ";
  return text;
}

/** A seeded source of numbers. */
export function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
