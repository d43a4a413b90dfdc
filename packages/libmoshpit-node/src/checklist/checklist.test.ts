import { describe, expect, it } from "vitest";
import { Checklist } from "./checklist.js";
import { firewallCommands } from "./firewall.js";

describe("a checklist", () => {
  it("has a line for each thing, and one for each thing to do", () => {
    let text = "";
    const list = new Checklist((line) => void (text += line));
    list.ok("host key", "SHA256:x");
    list.warn("nologin", "is there", "rm /etc/nologin");
    list.fail("TCP port", "is taken", "one", "two");
    list.note("firewall", "unknown");
    expect(text.split("\n")).toEqual([
      "ok    host key         SHA256:x",
      "warn  nologin          is there",
      "      to do:           rm /etc/nologin",
      "FAIL  TCP port         is taken",
      "      to do:           one",
      "      to do:           two",
      "note  firewall         unknown",
      "",
    ]);
    expect(list.failures).toBe(1);
  });

  it("lets no text begin a line or command the terminal", () => {
    let text = "";
    new Checklist((line) => void (text += line)).fail("x", "a\n\x1b[2Jb", "c\nd");
    expect(text.trimEnd().split("\n")).toHaveLength(2);
    expect(text).not.toContain("\x1b");
  });

  it("measures steps", () => {
    const times = [1, 4, 9];
    const list = new Checklist(
      () => undefined,
      () => times.shift()!,
    );
    expect([list.lap(), list.lap()]).toEqual([3, 5]);
  });
});

describe("firewallCommands", () => {
  const ports = { tcp: 40404, udpFirst: 50000, udpLast: 59999 };

  it("speaks the language of the tool that is there", () => {
    expect(firewallCommands(ports, (tool) => tool === "ufw" || tool === "iptables")).toEqual([
      "ufw allow 40404/tcp && ufw allow 50000:59999/udp",
    ]);
    expect(firewallCommands(ports, (tool) => tool === "iptables")).toEqual([
      "iptables -I INPUT -p tcp --dport 40404 -j ACCEPT && iptables -I INPUT -p udp --dport 50000:59999 -j ACCEPT",
    ]);
  });

  it("speaks all of them for another machine, or where none is there", () => {
    expect(firewallCommands(ports)).toHaveLength(4);
    expect(firewallCommands({ ...ports, udpLast: 50000 }, () => false)[1]).toBe(
      "firewall-cmd --permanent --add-port=40404/tcp --add-port=50000/udp && firewall-cmd --reload",
    );
  });
});
