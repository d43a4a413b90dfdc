import { PeerError } from "libmoshpit/util";
import { RejectCode } from "libmoshpit/wire";
import { DialError, ResolveError } from "libmoshpit-node/net";
import { describe, expect, it } from "vitest";
import {
  explainDialError,
  explainHandshakeFailure,
  explainRejection,
  explainResolveError,
  type Target,
} from "./explain.js";

const target: Target = { user: "alice", host: "box", port: 40_404 };

/** One line that names the server and ends without a newline. */
function expectOneLine(text: string): void {
  expect(text).toMatch(/^[^\n]*box[^\n]*$/);
}

describe("explain", () => {
  it.each(["ENOTFOUND", "EAI_AGAIN", "ESERVFAIL"])("a name that is not found: %s", (code) => {
    expectOneLine(explainResolveError(new ResolveError("box", code)));
  });

  it.each(["ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "EHOSTUNREACH", "EPIPE"])(
    "no connection: %s",
    (code) => {
      expectOneLine(explainDialError(new DialError([{ address: "192.0.2.1", code }]), target));
    },
  );

  it("says different things of a refusal and of silence", () => {
    const of = (code: string): string =>
      explainDialError(new DialError([{ address: "192.0.2.1", code }]), target);
    expect(of("ECONNREFUSED")).toContain("refused");
    expect(of("ETIMEDOUT")).toContain("does not answer");
  });

  it.each(Object.values(RejectCode).filter((code) => typeof code === "number"))("rejection %d", (code) => {
    expectOneLine(explainRejection(code, "words of\nthe server\x1b[2J", target).replace("alice@", ""));
    expect(explainRejection(code, "\x1b[2J", target)).not.toContain("\x1b");
  });

  it("gives a code that this version does not know", () => {
    expect(explainRejection(99 as RejectCode, "news", target)).toContain("code 99");
  });

  it.each(["deadline-exceeded", "connection-closed", "bad-signature"])("a failed handshake: %s", (code) => {
    expectOneLine(explainHandshakeFailure(new PeerError(code, "what was wrong"), target));
  });
});
