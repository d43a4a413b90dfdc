import { fingerprint, randomart } from "libmoshpit-node/keys";
import { askOnTerminal, type Answer } from "libmoshpit-node/tty";

/** What a person made of an unknown host key; `nobody`: there is no terminal to ask on. */
export type Confirmation = "yes" | "no" | "cancelled" | "nobody";

/** Asks about an unknown host key. */
export type HostKeyQuestion = (host: string, hostKey: Uint8Array) => Promise<Confirmation>;

/** How `askAboutHostKey` asks. */
export type Ask = (lines: readonly string[], prompt: string) => Promise<Answer | undefined>;

/** Shows fingerprint and picture and asks until the answer is yes, no or a fingerprint. */
export async function askAboutHostKey(
  host: string,
  hostKey: Uint8Array,
  ask: Ask = (lines, prompt) => askOnTerminal(lines, prompt, { echo: true }),
): Promise<Confirmation> {
  const print = fingerprint(hostKey);
  let lines: readonly string[] = [
    `mp does not know ${host} yet. Its ED25519 host key is`,
    print,
    ...randomart(hostKey).split("\n"),
    "Compare with what the server's administrator says (mp-keygen fingerprint on the server).",
  ];
  let prompt = "Connect and remember this key (yes/no/fingerprint)? ";
  for (;;) {
    const answer = await ask(lines, prompt);
    if (answer === undefined) return "nobody";
    if (answer.kind === "cancelled") return "cancelled";
    const text = answer.text.trim();
    if (/^yes$/i.test(text) || text === print) return "yes";
    if (/^no?$/i.test(text)) return "no";
    lines = text.startsWith("SHA256:")
      ? ["That is another fingerprint: this is not the server that you meant."]
      : [];
    prompt = "Please type yes, no or the fingerprint: ";
  }
}
