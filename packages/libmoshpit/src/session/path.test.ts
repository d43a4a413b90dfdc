import { describe, expect, it } from "vitest";
import { millis, seconds } from "../util/index.js";
import { PeerPath } from "./path.js";

/** Each call gives other octets. */
function countingEntropy(): { bytes(label: string, length: number): Uint8Array } {
  let calls = 0;
  return { bytes: (_label, length) => new Uint8Array(length).fill(++calls) };
}

/** A server whose client was validated at `a`, and then was heard from `b`. */
function moved(): { path: PeerPath; token: Uint8Array; former: Uint8Array } {
  const path = new PeerPath(countingEntropy(), undefined);
  path.received(seconds(1), "a", 1200, true);
  path.answered("a", path.takeChallenge(seconds(1), millis(20))!);
  expect(path.allowance).toBe(Infinity);
  path.received(seconds(2), "b", 100, true);
  const token = path.takeChallenge(seconds(2), millis(20))!;
  const former = path.takeFormerChallenge()!;
  expect(former.path).toBe("a");
  return { path, token, former: former.token };
}

describe("the path of a peer that moved", () => {
  it("PL-PATH-003 is validated by the token that was sent there, from there", () => {
    const { path, token } = moved();
    path.answered("a", token);
    expect(path.allowance).toBe(300);
    path.answered("b", token);
    expect(path.allowance).toBe(Infinity);
  });

  it("PL-PATH-003 is not validated by the token that was sent to the former one, from either", () => {
    const { path, former } = moved();
    path.received(seconds(2), "b", 100, true);
    path.answered("b", former);
    expect(path.allowance).toBe(600);
    path.received(seconds(2), "a", 100, true);
    path.answered("a", former);
    expect(path.allowance).toBe(300);
  });
});
