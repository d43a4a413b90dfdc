import { fingerprint, generateIdentity, randomart } from "libmoshpit-node/keys";
import type { Answer } from "libmoshpit-node/tty";
import { describe, expect, it } from "vitest";
import { askAboutHostKey, type Confirmation } from "./host-key-question.js";

const key = generateIdentity().publicKey;
const other = fingerprint(generateIdentity().publicKey);

async function ask(
  ...answers: readonly (Answer | undefined)[]
): Promise<{ result: Confirmation; shown: string[] }> {
  const shown: string[] = [];
  const left = [...answers];
  const result = await askAboutHostKey("box", key, (lines, prompt) => {
    shown.push([...lines, prompt].join("\n"));
    return Promise.resolve(left.shift());
  });
  expect(left).toEqual([]);
  return { result, shown };
}

const text = (answer: string): Answer => ({ kind: "text", text: answer });

describe("askAboutHostKey", () => {
  it("shows the fingerprint and its picture", async () => {
    const { shown } = await ask(text("no"));
    expect(shown[0]).toContain(fingerprint(key));
    expect(shown[0]).toContain(randomart(key));
  });

  it.each<[string, readonly (Answer | undefined)[], Confirmation]>([
    ["yes", [text("yes")], "yes"],
    ["YES with spaces", [text("  YES ")], "yes"],
    ["the fingerprint", [text(fingerprint(key))], "yes"],
    ["no", [text("no")], "no"],
    ["n", [text("n")], "no"],
    ["y is too short for that", [text("y"), text("no")], "no"],
    ["nothing, then yes", [text(""), text("yes")], "yes"],
    ["another fingerprint, then no", [text(other), text("no")], "no"],
    ["Ctrl-C", [{ kind: "cancelled" }], "cancelled"],
    ["no terminal", [undefined], "nobody"],
  ])("%s", async (_name, answers, result) => {
    expect((await ask(...answers)).result).toBe(result);
  });

  it("says that another fingerprint is another server's", async () => {
    const { shown } = await ask(text(other), text("no"));
    expect(shown[1]).toContain("another fingerprint");
  });
});
