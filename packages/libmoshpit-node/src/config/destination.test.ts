import { describe, expect, it } from "vitest";
import { parseDestination } from "./destination.js";

describe("parseDestination", () => {
  it.each([
    ["192.168.1.10", undefined, "192.168.1.10"],
    ["alice@192.168.1.10", "alice", "192.168.1.10"],
    ["Example.ORG", undefined, "example.org"],
    ["example.org.", undefined, "example.org."],
    ["my_box", undefined, "my_box"],
    ["::1", undefined, "::1"],
    ["[::1]", undefined, "::1"],
    ["svc$@[2001:DB8::A]", "svc$", "2001:db8::a"],
    ["fe80::1%eth0", undefined, "fe80::1%eth0"],
    ["bücher.example", undefined, "xn--bcher-kva.example"],
  ])("reads %s", (text, user, host) => {
    expect(parseDestination(text)).toEqual({ user, host });
  });

  it.each([
    ["", /names no host/],
    ["alice@", /names no host/],
    ["@host", /no user name/],
    ["Alice@host", /no user name/],
    ["-l@host", /no user name/],
    ["a;b@host", /no user name/],
    [`${"a".repeat(33)}@host`, /no user name/],
    ["a@b@host", /no user name/],
    ["host:2222", /--server-port 2222/],
    ["[::1]:2222", /--server-port 2222/],
    ["-oProxyCommand=x", /no host name/],
    ["ho st", /no host name/],
    ["ho\nst", /no host name/],
    ["10.1", /no host name/],
    ["256.1.1.1", /no host name/],
    ["[host]", /no host name/],
    ["a..b", /no host name/],
    ["x".repeat(64), /no host name/],
  ])("refuses %j", (text, message) => {
    expect(parseDestination(text)).toMatch(message);
  });
});
