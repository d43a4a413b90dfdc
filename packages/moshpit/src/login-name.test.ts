import { describe, expect, it } from "vitest";
import { Failure } from "./failure.js";
import { accountName, nameOnServer } from "./login-name.js";

describe("nameOnServer", () => {
  it.each(["alice", "svc$", accountName() ?? "root"])("is %s where that can be one", (name) => {
    expect(nameOnServer(name)).toBe(name);
  });

  it.each(["rev.user", "DOMAIN\\user", "a".repeat(33), ""])("refuses %j in one line", (name) => {
    expect(() => nameOnServer(name)).toThrow(
      new Failure(
        `the local login name ${JSON.stringify(name)} can not be a name on the server: write user@host`,
      ),
    );
  });

  it("refuses an account without a name", () => {
    expect(() => nameOnServer(undefined)).toThrow("this account has no login name: write user@host");
  });
});
