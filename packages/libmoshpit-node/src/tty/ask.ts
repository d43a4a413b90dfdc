import { closeSync, writeSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { setImmediate } from "node:timers/promises";
import { ReadStream } from "node:tty";
import { isReopened } from "./descriptor.js";
import { openControllingTerminal } from "./foreign-terminal.js";

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
  const fd = openControllingTerminal();
  if (fd === undefined) return undefined;
  const stream = new ReadStream(fd);
  // Node's own descriptor is closed with the stream, the one that it was made from is not.
  const reopened = isReopened(stream, fd);
  const say = (text: string): void => sayAtOnce(fd, text);
  try {
    stream.setRawMode(true);
    // This raw mode processes output: a line feed is a new line.
    say(lines.map((line) => `${line}\n`).join("") + prompt);
    return await readAnswer(stream, say, options.echo);
  } finally {
    stream.setRawMode(false);
    stream.destroy();
    if (reopened) closeSync(fd);
    // The key that ended the answer may have been announced for standard input, too, and is not there any more: whoever
    // reads that next and has to wait for input would wait for another key.
    await setImmediate();
  }
}

/** Whether `askOnTerminal` would find a terminal. */
export function hasControllingTerminal(): boolean {
  const fd = openControllingTerminal();
  if (fd !== undefined) closeSync(fd);
  return fd !== undefined;
}

/** A terminal that takes nothing (Ctrl-S) shows nothing. */
function sayAtOnce(fd: number, text: string): void {
  try {
    writeSync(fd, text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
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
