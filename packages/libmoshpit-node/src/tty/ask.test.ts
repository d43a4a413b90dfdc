import { describe, expect, it } from "vitest";
import { AnswerEditor, type Answer } from "./ask.js";

function typeAll(text: string): { readonly shown: string; readonly answer: Answer | undefined } {
  const editor = new AnswerEditor();
  let shown = "";
  for (const char of text) {
    const step = editor.type(char);
    if (step.kind !== "echo") return { shown, answer: step };
    shown += step.text;
  }
  return { shown, answer: undefined };
}

describe("AnswerEditor", () => {
  it.each<[string, string, Answer]>([
    ["a line", "yes\r", { kind: "text", text: "yes" }],
    ["nothing", "\r", { kind: "text", text: "" }],
    ["backspace", "nox\x7f\x7f\x7fyes\n", { kind: "text", text: "yes" }],
    ["backspace at the start", "\x7f\byes\r", { kind: "text", text: "yes" }],
    ["kill line", "wrong\x15right\r", { kind: "text", text: "right" }],
    ["wide characters", "pä漢😀\x7fx\r", { kind: "text", text: "pä漢x" }],
    ["Ctrl-C", "ye\x03", { kind: "cancelled" }],
    ["Ctrl-D at the start", "\x04", { kind: "cancelled" }],
    ["Ctrl-D later is nothing", "a\x04b\r", { kind: "text", text: "ab" }],
    ["other control characters are nothing", "a\x1b\tb\r", { kind: "text", text: "ab" }],
  ])("%s", (_name, typed, answer) => {
    expect(typeAll(typed).answer).toEqual(answer);
  });

  it("shows what is typed, and takes it back", () => {
    expect(typeAll("ab\x7fc\x15d\r").shown).toBe("ab\b \bc\b \b\b \bd");
  });

  it("cuts endless answers", () => {
    expect(typeAll("x".repeat(5_000) + "\r").answer).toEqual({ kind: "text", text: "x".repeat(1_024) });
  });
});
