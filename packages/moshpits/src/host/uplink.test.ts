import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { HostLink, type HostLinkMessage } from "libmoshpit-node/host-link";
import { describe, expect, it } from "vitest";
import { Uplink } from "./uplink.js";

/** A link, and what its other end is told. */
function linkPair(): { readonly link: HostLink; readonly told: HostLinkMessage[] } {
  const stream = new PassThrough();
  const told: HostLinkMessage[] = [];
  // It reads what it writes itself.
  const link = new HostLink(stream, { message: (message) => told.push(message), ended: () => undefined });
  return { link, told };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await turn();
}

const line = (level: number, text: string): Parameters<Uplink["send"]>[0] => ({
  case: "logRecord",
  value: { level, target: "t", text },
});
const textsOf = (told: readonly HostLinkMessage[]): readonly string[] =>
  told.map((message) => (message.case === "logRecord" ? message.value.text : message.case));

describe("Uplink", () => {
  it("tells the next listener what was logged without one, when, and which sessions have ended; answers it drops", async () => {
    const uplink = new Uplink();
    uplink.send(line(3, "moved"));
    uplink.send(line(4, "a detail"));
    uplink.send({ case: "sessionEnded", value: { sessionId: new Uint8Array(16), text: "session a ended" } });
    uplink.send({ case: "sessionRefused", value: { sessionId: new Uint8Array(16), code: 1, text: "no" } });
    const { link, told } = linkPair();
    uplink.connect(link);
    await turns();
    expect(textsOf(told)).toEqual([
      expect.stringMatching(/^at \d{4}-\d\d-\d\dT[\d:.]+Z: moved$/),
      expect.stringMatching(/^at \S+: session a ended$/),
    ]);
    uplink.send(line(4, "a detail"));
    await turns();
    expect(textsOf(told)).toContain("a detail");
  });

  it("keeps the last hundred lines, and counts the others", async () => {
    const uplink = new Uplink();
    for (let i = 0; i < 1_000; i++) uplink.send(line(3, `line ${i}`));
    const { link, told } = linkPair();
    uplink.connect(link);
    await turns();
    const texts = textsOf(told);
    expect(texts).toHaveLength(101);
    expect(texts[0]).toBe("900 log lines were dropped while no listener was there");
    expect(texts[1]).toMatch(/: line 900$/);
    expect(texts[100]).toMatch(/: line 999$/);
  });

  it("keeps no more than fifty thousand characters", async () => {
    const uplink = new Uplink();
    for (let i = 0; i < 1_000; i++) uplink.send(line(3, "x".repeat(10_000)));
    const { link, told } = linkPair();
    uplink.connect(link);
    await turns();
    const texts = textsOf(told);
    expect(texts.reduce((sum, text) => sum + text.length, 0)).toBeLessThan(51_000);
    expect(texts[0]).toBe(`${1_000 - texts.length + 1} log lines were dropped while no listener was there`);
  });

  it("serves the newest, and parts from it alone", async () => {
    const uplink = new Uplink();
    const [first, second] = [linkPair(), linkPair()];
    uplink.connect(first.link);
    uplink.connect(second.link);
    expect(uplink.disconnect(first.link)).toBe(false);
    uplink.send(line(3, "to the second"));
    await turns();
    expect([textsOf(first.told), textsOf(second.told)]).toEqual([[], ["to the second"]]);
    expect(uplink.disconnect(second.link)).toBe(true);
    expect(uplink.link).toBeUndefined();
  });
});
