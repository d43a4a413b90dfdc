import { describe, expect, it } from "vitest";
import { encode } from "../../test/vt-streams.js";
import { Emulator, FG, shownPage, textAt, widthAt } from "../screen/index.js";
import { micros, millis, NEVER, type Micros } from "../util/index.js";
import { NO_OVERLAY } from "./overlay.js";
import { Predictor, type PredictorOptions } from "./predictor.js";

/** A person and a program, in the order that the test says. */
class Desk {
  readonly emulator = new Emulator(20, 6);
  readonly predictor: Predictor;
  now: Micros = micros(0);
  #typed = 0;

  constructor(screen = "$ ", options: Partial<PredictorOptions> = {}, rtt = 40) {
    this.predictor = new Predictor({ mode: "adaptive", ...options });
    this.predictor.roundTrip(this.now, millis(rtt));
    // A line was sent, and this is where the next one begins.
    this.predictor.reflected(this.now, 0, this.emulator.state());
    this.predictor.typed(this.now, encode("\r"));
    this.output(screen, 0);
  }

  /** Types, a key at a time. */
  type(text: string): this {
    for (const character of text) this.send(character);
    return this;
  }

  /** Types all of it at once. */
  send(text: string): this {
    const bytes = encode(text);
    this.#typed += bytes.length;
    this.predictor.typed(this.now, bytes);
    return this;
  }

  /** The program writes; it has read all that was typed, or so much. */
  output(text: string, reflects: number = this.#typed): this {
    this.emulator.writeAll(encode(text));
    this.predictor.reflected(this.now, 1 + reflects, this.emulator.state());
    return this;
  }

  wait(ms: number): this {
    const end = micros(this.now + millis(ms));
    for (;;) {
      const at = this.predictor.deadline(this.now);
      if (at > end) break;
      this.now = micros(Math.max(at, this.now));
      this.predictor.handleTimeout(this.now);
    }
    this.now = end;
    return this;
  }

  /** What the person sees: the rows with text, and `|` for the cursor where a guess moved it. */
  get shown(): string {
    const { cells, cursor } = this.predictor.overlay();
    const state = this.emulator.state();
    const rows = shownPage(state).rows.map((row) =>
      Array.from({ length: state.columns }, (_, x) => (widthAt(row, x) === 0 ? "" : textAt(row, x) || " ")),
    );
    for (const { x, y, text, width } of cells)
      rows[y]?.splice(x, width, text || " ", ...(width === 2 ? [""] : []));
    const row = cursor === undefined ? undefined : rows[cursor.y];
    row?.splice(cursor?.x ?? 0, 0, "|");
    return rows
      .map((all) => all.join("").trimEnd())
      .join("/")
      .replace(/\/+$/, "");
  }
}

/** A shell in which the epoch is proved: `$ ab`. */
function proved(options: Partial<PredictorOptions> = {}, rtt = 40): Desk {
  return new Desk("$ ", options, rtt).type("a").output("a").type("b").output("b");
}

describe("epochs", () => {
  it("PR-EPOCH-001 nothing is shown before the first character came back, and all at once afterwards", () => {
    const desk = new Desk().type("abc");
    expect(desk.shown).toBe("$");
    desk.output("a", 1);
    expect(desk.shown).toBe("$ abc|");
    desk.type("d");
    expect(desk.shown).toBe("$ abcd|");
    expect(desk.output("bcd").predictor.overlay()).toEqual(NO_OVERLAY);
  });

  it.each(["\r", "\t", "\x1b", "\x01", "\x1b[A", "\x1bf", "\x1b[5~"])(
    "PR-EPOCH-001 a key that nobody can guess ends the epoch: %j",
    (key) => {
      const desk = proved().send(key).output("").type("c");
      expect(desk.shown).toBe("$ ab");
      expect(desk.output("c").type("d").shown).toBe("$ abcd|");
    },
  );

  it("PR-EPOCH-002 a character that was there before proves nothing, nor does a blank", () => {
    const desk = new Desk("$ xyz\r\x1b[2C").type("x").output("\x1b[C").type("y");
    expect(desk.shown).toBe("$ xyz");
    expect(new Desk().type(" ").output(" ").type("b").shown).toBe("$");
  });

  it("PR-EPOCH-002 a cursor that moved as guessed proves moves and backspace, not characters", () => {
    const left = "\x1b[D";
    const desk = new Desk().send("\x1b[A").output("some line").send(left).output("\b").send(left).send(left);
    expect(desk.shown).toBe("$ some l|ine");
    expect(desk.type("x").shown).toBe("$ some l|ine");
    expect(new Desk().send("\x1b[A").output("line").send(left).output("\b").send("\x7f").shown).toBe(
      "$ li|e",
    );
  });
});

describe("guesses", () => {
  it("moves left and right within the line, and takes back characters down to its beginning", () => {
    const left = "\x1b[D";
    const right = "\x1b[C";
    const desk = proved().type("cd");
    expect(desk.send(left).send(left).shown).toBe("$ ab|cd");
    expect(desk.send(right).type("x").shown).toBe("$ abcx|d");
    expect(desk.type("\x7f\x7f").shown).toBe("$ ab|d");
    expect(desk.type("\x7f\x7f\x7f\x7f").shown).toBe("$ |d");
    expect(desk.send(right).send(right).send(right).shown).toBe("$ d|");
  });

  it("goes on in the next row at the margin, not where the screen would scroll", () => {
    const desk = proved().type("x".repeat(15));
    expect(desk.type("yz!").shown).toBe(`$ ab${"x".repeat(15)}y/z!|`);
    const bottom = new Desk("\x1b[6;1H$ ").type("a").output("a").type("x".repeat(16)).type("yz");
    expect(bottom.shown).toBe(`/////$ a${"x".repeat(16)}|y`);
  });

  it("characters of two cells are two cells, and one that does not fit is not guessed", () => {
    expect(proved().type("漢字").shown).toBe("$ ab漢字|");
  });

  it("PR-EDIT-001 insert or overwrite is learned from what the program does", () => {
    const back = "\x1b[D";
    const desk = proved()
      .type("cd")
      .output("cd")
      .send(back + back)
      .output("\b\b");
    expect(desk.type("x").shown).toBe("$ abx|cd");
    desk.output("x");
    expect(desk.type("y").shown).toBe("$ abxy|");
    const inserting = desk.output("\x1b[@y").send(back).output("\b");
    expect(inserting.type("z").output("\x1b[@z").type("w").shown).toBe("$ abxzw|yd");
  });

  it("PR-EDIT-001 and can be chosen", () => {
    const desk = proved({ overwrite: true }).type("cd").output("cd").send("\x1b[D\x1b[D").output("\b\b");
    expect(desk.type("x").shown).toBe("$ abx|d");
    expect(desk.output("\x1b[@x").type("y").shown).toBe("$ abxy|d");
  });

  it("PR-EDIT-002 no guesses in a row with a cell whose width is not certain, nor behind such a character", () => {
    expect(new Desk("🙂 ").type("a").output("a").type("b").shown).toBe("🙂 a");
    const desk = proved().send("🙂").type("c");
    expect(desk.shown).toBe("$ ab");
    expect(desk.output("🙂c").type("d").shown).toBe("$ ab🙂c");
  });

  it("PR-EDIT-003 what comes at once in great number is not guessed", () => {
    const desk = proved().send("pasted words of more than that");
    expect(desk.shown).toBe("$ abpasted words of/more than that|");
    expect(proved().send("pasted words of more than that many octets").shown).toBe("$ ab");
    expect(proved().send("\x1b[200~short\x1b[201~").type("x").shown).toBe("$ ab");
  });

  it("PR-EDIT-004 nothing is guessed behind such a key until output reflects it", () => {
    const desk = proved().send("\t").type("x");
    expect(desk.shown).toBe("$ ab");
    desk.output("out", 3).output("x", 4);
    expect(desk.type("y").shown).toBe("$ aboutxy|");
  });

  it("takes the colours of the text that it continues, not of the prompt", () => {
    const desk = new Desk("\x1b[32m$ \x1b[m").type("a").output("a").type("b");
    expect(desk.predictor.overlay().cells.map(({ attributes }) => attributes.fg)).toEqual([0]);
    const coloured = new Desk("$ ").type("a").output("\x1b[31ma").type("b");
    expect(coloured.predictor.overlay().cells.map(({ attributes }) => attributes.fg)).toEqual([0x0100_0001]);
  });
});

describe("judgement", () => {
  it("PR-JUDGE-001 a guess waits for output that reflects its key, however long that takes", () => {
    const desk = proved().type("cd").output("", 2).wait(9_000);
    expect(desk.shown).toBe("$ abcd|");
    // Something else on the screen changed: the keys are not due.
    expect(desk.output("\x1b7\x1b[5;1Hnews\x1b8", 2).shown).toBe("$ abcd|////news");
  });

  it("PR-JUDGE-002 output in pieces is not contradiction; what is typed meanwhile is not shown", () => {
    const desk = proved().type("c").output("\x1b[5;1Hnews", 3);
    expect(desk.wait(20).shown).toBe("$ abc|////news");
    expect(desk.type("d").shown).toBe("$ abc|////news");
    expect(desk.output("\x1b[1;5Hc", 3).shown).toBe("$ abcd|////news");
  });

  it("PR-JUDGE-002 a character that is taken back is taken back when the program has erased it", () => {
    const desk = proved().type("c").output("c").send("\x7f").output("\b");
    expect(desk.shown).toBe("$ ab|");
    expect(desk.output("\x1b[K").predictor.overlay()).toEqual(NO_OVERLAY);
    // Or has something of its own there.
    const suggesting = proved().type("c").output("c").send("\x7f").output("\b").output("out\b\b\b").wait(50);
    expect(suggesting.predictor.counts.wrong).toBe(0);
    expect(suggesting.predictor.waiting).toBe(0);
  });

  it("PR-JUDGE-002 a row that changed is not covered", () => {
    const desk = proved().type("c").output("\r\x1b[K> ", 3);
    expect(desk.shown).toBe(">");
  });

  it("PR-JUDGE-002 a number that comes alone is the last word", () => {
    expect(proved().type("c").output("").predictor.overlay()).toEqual(NO_OVERLAY);
  });

  it("PR-JUDGE-003 a wrong guess ends 50 ms after it was due, and two characters must then prove the line", () => {
    const desk = proved().type("c").output("\x07\x1b[5;1H\x1b[1;5H\x1b]0;t\x07");
    expect(desk.wait(49).shown).toBe("$ abc|");
    expect(desk.wait(1).shown).toBe("$ ab");
    expect(desk.predictor.counts.wrong).toBe(1);
    expect(desk.type("d").output("d").type("e").shown).toBe("$ abd");
    expect(desk.output("e").type("f").shown).toBe("$ abdef|");
  });

  it("a key that comes at the last moment leaves the next one its time", () => {
    const desk = proved().type("c").output("\x07", 2).output("\x1b[4;1H", 3).wait(40).type("d");
    desk.now = micros(desk.now + millis(10));
    desk.output("\x1b[1;5Hc");
    expect(desk.shown).toBe("$ abcd|");
  });

  it("a resize of the screen takes the guesses away until the keys are reflected", () => {
    const desk = proved().type("cd");
    desk.emulator.resize(30, 5);
    expect(desk.output("", 2).predictor.overlay()).toEqual(NO_OVERLAY);
    expect(desk.output("cd").wait(60).type("e").output("e").type("f").output("f").type("g").shown).toBe(
      "$ abcdefg|",
    );
  });

  it("PR-SECRET-002 a prompt that comes by itself ends the epoch", () => {
    const desk = proved().output("\r\nPassword: ").wait(10).type("q");
    expect(desk.predictor.overlay()).toEqual(NO_OVERLAY);
    expect(desk.wait(100).type("x").output("").type("z").predictor.overlay()).toEqual(NO_OVERLAY);
  });

  it("PR-SECRET-003 the terminal's own echo on an empty row proves nothing for 2 s", () => {
    const desk = new Desk("").type("a").output("a").type("b").output("b");
    expect(desk.type("c").shown).toBe("ab");
    desk.output("c").wait(2_000);
    expect(desk.type("d").output("d").type("e").shown).toBe("abcde|");
  });

  it("a cursor that is hidden shows nothing of where keys go", () => {
    expect(new Desk("$ \x1b[?25l").type("a").output("a").type("b").shown).toBe("$ a");
  });

  it("forgets everything at a reset", () => {
    const desk = proved().type("cd");
    desk.predictor.reset();
    expect([desk.shown, desk.predictor.waiting]).toEqual(["$ ab", 0]);
  });
});

describe("visibility", () => {
  const seen = (desk: Desk, rtt: number): string => {
    desk.predictor.roundTrip(desk.now, millis(rtt));
    const { cells } = desk.predictor.overlay();
    return cells.length === 0
      ? "hidden"
      : (cells[0]?.attributes.fg ?? 0) & FG.underline
        ? "underlined"
        : "plain";
  };

  it("PR-VIEW-001 shown above 30 ms and hidden at 20 ms, underlined above 80 ms and no longer at 50 ms", () => {
    const desk = proved({}, 5).type("c");
    const steps: readonly (readonly [number, string])[] = [
      [5, "hidden"],
      [30, "hidden"],
      [31, "plain"],
      [21, "plain"],
      [20, "hidden"],
      [80, "plain"],
      [81, "underlined"],
      [51, "underlined"],
      [50, "plain"],
      [20, "hidden"],
    ];
    for (const [rtt, expected] of steps) expect(seen(desk, rtt), `${rtt} ms`).toBe(expected);
  });

  it("PR-VIEW-001 always and never", () => {
    expect(seen(proved({ mode: "always" }, 0).type("c"), 0)).toBe("plain");
    expect(seen(proved({ mode: "never" }, 500).type("c"), 500)).toBe("hidden");
  });

  it("PR-VIEW-002 a key that is not reflected for 250 ms shows guesses, underlined, until 1 s after it came back", () => {
    const desk = proved({}, 5).type("c");
    expect(seen(desk.wait(249), 5)).toBe("hidden");
    expect(seen(desk.wait(1), 5)).toBe("underlined");
    desk.output("c").type("d");
    expect(seen(desk.wait(200), 5)).toBe("underlined");
    desk.output("d").wait(1_000).type("e");
    expect(seen(desk, 5)).toBe("hidden");
    expect(desk.output("e").predictor.deadline(desk.now)).toBe(NEVER);
  });

  it("counts what was shown, confirmed and wrong", () => {
    const desk = proved().type("cd").output("cd").type("e").output("");
    expect(desk.predictor.counts).toEqual({ shown: 4, confirmed: 4, wrong: 1 });
  });
});
