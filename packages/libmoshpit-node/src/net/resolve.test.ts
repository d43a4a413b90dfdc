import { describe, expect, it } from "vitest";
import {
  addressLiteral,
  alternateFamilies,
  formatEndpoint,
  resolveHost,
  ResolveError,
  type Address,
} from "./resolve.js";

const four = (address: string): Address => ({ address, family: 4 });
const six = (address: string): Address => ({ address, family: 6 });

describe("resolveHost", () => {
  it.each<[string, Address]>([
    ["127.0.0.1", four("127.0.0.1")],
    ["::1", six("::1")],
    ["[::1]", six("::1")],
    ["fe80::1%lo", six("fe80::1%lo")],
    ["[fe80::1%lo]", six("fe80::1%lo")],
  ])("takes %s as it is", async (host, address) => {
    expect(await resolveHost(host)).toEqual([address]);
  });

  it("finds the addresses of a name", async () => {
    const found = await resolveHost("localhost");
    expect(found.map(({ address }) => address)).toContain("127.0.0.1");
  });

  it("says which name has none", async () => {
    const error: unknown = await resolveHost("no-such-host.invalid").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ResolveError);
    expect(error).toMatchObject({
      host: "no-such-host.invalid",
      code: expect.stringMatching(/^E/) as string,
    });
  });
});

describe("alternateFamilies", () => {
  it("takes the families in turn, the resolver's first choice first", () => {
    expect(alternateFamilies([six("a"), six("b"), six("c"), four("d")])).toEqual([
      six("a"),
      four("d"),
      six("b"),
      six("c"),
    ]);
    expect(alternateFamilies([four("a"), six("b"), four("c")])).toEqual([four("a"), six("b"), four("c")]);
    expect(alternateFamilies([])).toEqual([]);
  });
});

describe("addressLiteral", () => {
  it.each(["localhost", "1.2.3", "::1]", "", "[localhost]"])("%j is no address", (host) => {
    expect(addressLiteral(host)).toBeUndefined();
  });
});

describe("formatEndpoint", () => {
  it("puts IPv6 in brackets", () => {
    expect(formatEndpoint("::1", 40404)).toBe("[::1]:40404");
    expect(formatEndpoint("127.0.0.1", 40404)).toBe("127.0.0.1:40404");
  });
});
