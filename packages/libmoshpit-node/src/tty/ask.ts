import { closeSync, constants, openSync, writeSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { ReadStream } from "node:tty";

/** What a person answered: text, or that they would rather not (Ctrl-C, Ctrl-D, the terminal went away). */
export type Answer = { readonly kind: "text"; readonly text: string } | { readonly kind: "cancelled" };

/** Longer answers are cut: no passphrase and no fingerprint comes near. */
const LONGEST_ANSWER = 1_024;

/**
 * Asks on the controlling terminal, wherever standard input and output go. `undefined` without such a terminal.
 * `lines` are printed first.
 */
export async function askOnTerminal(
  lines: readonly string[],
  prompt: string,
  options: { readonly echo: boolean },
): Promise<Answer | undefined> {
  const fd = openTerminal();
  if (fd === undefined) return undefined;
  const stream = new ReadStream(fd);
  const say = (text: string): void => void writeSync(fd, text);
  try {
    stream.setRawMode(true);
    // This raw mode processes output: a line feed is a new line.
    say(lines.map((line) => `${line}\n`).join("") + prompt);
    return await readAnswer(stream, say, options.echo);
  } finally {
    stream.setRawMode(false);
    stream.destroy();
  }
}

/** Whether `askOnTerminal` would find a terminal. */
export function hasControllingTerminal(): boolean {
  const fd = openTerminal();
  if (fd !== undefined) closeSync(fd);
  return fd !== undefined;
}

function openTerminal(): number | undefined {
  try {
    return openSync("/dev/tty", constants.O_RDWR | constants.O_NOCTTY);
  } catch {
    // ENXIO or ENOENT: there is none, which is an answer.
    return undefined;
  }
}

async function readAnswer(stream: ReadStream, say: (text: string) => void, echo: boolean): Promise<Answer> {
  const typed = new AnswerEditor();
  const decoder = new StringDecoder("utf8");
  return await new Promise((resolve) => {
    const finish = (answer: Answer): void => {
      say("\n");
      resolve(answer);
    };
    stream.on("data", (bytes: Buffer) => {
      for (const char of decoder.write(bytes)) {
        const step = typed.type(char);
        if (step.kind === "echo") {
          if (echo) say(step.text);
          continue;
        }
        stream.pause();
        finish(step);
        return;
      }
    });
    stream.once("error", () => resolve({ kind: "cancelled" }));
    stream.once("end", () => resolve({ kind: "cancelled" }));
  });
}

/** One line of text as it is typed in raw mode. */
export class AnswerEditor {
  #chars: string[] = [];

  /** One character; `echo` tells what to show where it may be shown. */
  type(char: string): Answer | { readonly kind: "echo"; readonly text: string } {
    switch (char) {
      case "\r":
      case "\n":
        return { kind: "text", text: this.#chars.join("") };
      case "\x03":
        return { kind: "cancelled" };
      case "\x04":
        return this.#chars.length === 0 ? { kind: "cancelled" } : { kind: "echo", text: "" };
      case "\x7f":
      case "\b":
        return { kind: "echo", text: this.#chars.pop() === undefined ? "" : "\b \b" };
      case "\x15": {
        const text = "\b \b".repeat(this.#chars.length);
        this.#chars = [];
        return { kind: "echo", text };
      }
      default:
        if (char < " " || this.#chars.length >= LONGEST_ANSWER) return { kind: "echo", text: "" };
        this.#chars.push(char);
        return { kind: "echo", text: char };
    }
  }
}
