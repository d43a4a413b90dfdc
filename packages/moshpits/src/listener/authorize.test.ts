import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { authorizedKeysFiles, formatPublicKeyLine, type AuthorizedKeysFiles } from "libmoshpit-node/keys";
import { currentUser, type Account, type Expiry } from "libmoshpit-node/users";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { authorize, type Verdict } from "./authorize.js";

const KEY = new Uint8Array(32).fill(1);
const OTHER = new Uint8Array(32).fill(2);

let home: string;
let account: Account;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "moshpit-authorize-"));
  mkdirSync(join(home, ".mp"), { mode: 0o700 });
  account = { ...currentUser(), name: "alice", home };
  list(OTHER, KEY);
});
afterEach(() => rmSync(home, { recursive: true }));

function list(...keys: readonly Uint8Array[]): void {
  const text = keys
    .map((publicKey) => `${formatPublicKeyLine({ publicKey, comment: "me@here" })}\n`)
    .join("");
  writeFileSync(join(home, ".mp/authorized_keys"), text, { mode: 0o600 });
}

/** Asks as alice with KEY, and counts every operation on the file system and the user database. */
async function ask(
  more: {
    user?: string;
    publicKey?: Uint8Array;
    own?: Account;
    account?: Account;
    expiry?: Expiry;
    nologin?: string;
  } = {},
): Promise<{ verdict: Verdict; operations: string[] }> {
  const operations: string[] = [];
  const counted = Object.fromEntries(
    Object.entries(authorizedKeysFiles).map(([name, operation]) => [
      name,
      (...args: readonly unknown[]) => {
        operations.push(name);
        return (operation as (...args: readonly unknown[]) => unknown)(...args);
      },
    ]),
  ) as unknown as AuthorizedKeysFiles;
  const verdict = await authorize(
    { user: more.user ?? "alice", publicKey: more.publicKey ?? KEY },
    {
      authorizedKeys: ".mp/authorized_keys",
      own: more.own ?? account,
      lookup: (name) => {
        operations.push("lookup");
        return Promise.resolve(name === "alice" ? (more.account ?? account) : undefined);
      },
      expiry: () => {
        operations.push("expiry");
        return Promise.resolve(more.expiry);
      },
      nologin: () => {
        operations.push("nologin");
        return Promise.resolve(more.nologin);
      },
      files: counted,
    },
  );
  return { verdict, operations };
}

describe("authorize", () => {
  it("grants what the file lists, and says where", async () => {
    const { verdict } = await ask();
    expect(verdict).toMatchObject({
      kind: "granted",
      account: { name: "alice" },
      line: 2,
      comment: "me@here",
    });
  });

  it("refuses an unknown user", async () => {
    const { verdict } = await ask({ user: "bob" });
    expect(verdict).toMatchObject({
      rule: "unknown-user",
      reason: "there is no user bob",
      remedy: "useradd --create-home bob",
    });
  });

  it("refuses a key that is not listed, with the line that would", async () => {
    const { verdict } = await ask({ publicKey: new Uint8Array(32).fill(3) });
    expect(verdict).toMatchObject({ rule: "key-not-listed" });
    const added = verdict.kind === "refused" ? /^echo '(.*)' >> (.*)$/.exec(verdict.remedy) : undefined;
    expect(added?.[1]).toBe(
      formatPublicKeyLine({ publicKey: new Uint8Array(32).fill(3), comment: "" }).trim(),
    );
    expect(added?.[2]).toBe(join(home, ".mp/authorized_keys"));
  });

  it("refuses every key where the modes are wrong, with the command that mends it", async () => {
    chmodSync(join(home, ".mp/authorized_keys"), 0o640);
    const { verdict } = await ask();
    expect(verdict).toMatchObject({
      rule: "authorized-keys",
      remedy: `chmod 600 ${join(home, ".mp/authorized_keys")}`,
    });
  });

  it("serves only its own user, unless it is root", async () => {
    const other = { ...account, name: "carol", uid: account.uid + 1 };
    const { verdict } = await ask({ own: other });
    expect(verdict).toMatchObject({ rule: "other-user" });
    expect((await ask({ own: { ...other, uid: 0 } })).verdict.kind).toBe("granted");
  });

  describe("as root", () => {
    const today = Math.floor(Date.now() / 86_400_000);
    const root = { ...currentUser(), name: "root", uid: 0 };
    const alice = (): Account => ({ ...account, uid: account.uid === 0 ? 1_000 : account.uid });

    it.each([0, 1, 18_262, today - 1])("refuses an account whose last day was %d", async (expiry) => {
      const { verdict } = await ask({ own: root, expiry });
      const date = new Date(expiry * 86_400_000).toISOString().slice(0, 10);
      expect(verdict).toMatchObject({
        rule: "account-expired",
        reason: `the account alice expired on ${date}`,
        remedy: "chage --expiredate -1 alice",
      });
    });

    it.each([undefined, today, today + 1, 9_999_999_999])("grants where it is %s", async (expiry) => {
      expect((await ask({ own: root, ...(expiry === undefined ? {} : { expiry }) })).verdict.kind).toBe(
        "granted",
      );
    });

    it("refuses where nobody can tell", async () => {
      const { verdict } = await ask({ own: root, expiry: "unknown" });
      expect(verdict).toMatchObject({ rule: "account-expired", remedy: "getent shadow -- alice" });
    });

    it("honours nologin, not for root", async () => {
      const nologin = "/etc/nologin";
      const { verdict } = await ask({ own: root, account: alice(), nologin });
      expect(verdict).toMatchObject({ rule: "nologin", remedy: "rm /etc/nologin" });
      // The files are this user's: root gets further than the rule.
      const other = await ask({ own: root, account: { ...account, uid: 0 }, nologin });
      expect(other.verdict).not.toMatchObject({ rule: "nologin" });
    });

    it("asks nothing more as anybody else", async () => {
      const own = alice();
      const { operations } = await ask({ own, account: own, expiry: 1, nologin: "/etc/nologin" });
      expect(operations).not.toContain("expiry");
      expect(operations).not.toContain("nologin");
    });

    it("does the same for everybody, in the same order", async () => {
      const granted = (await ask({ own: root })).operations;
      expect(granted.slice(0, 3)).toEqual(["lookup", "expiry", "nologin"]);
      const all = [
        await ask({ own: root, user: "bob" }),
        await ask({ own: root, publicKey: new Uint8Array(32).fill(3) }),
        await ask({ own: root, expiry: 1 }),
        await ask({ own: root, expiry: "unknown" }),
        await ask({ own: root, account: alice(), nologin: "/etc/nologin" }),
      ];
      for (const each of all) expect(each.verdict.kind).toBe("refused");
      for (const each of all) expect(each.operations).toEqual(granted);
    });
  });

  it("does the same for everybody, in the same order", async () => {
    const granted = (await ask()).operations;
    expect(granted[0]).toBe("lookup");
    expect(granted.length).toBeGreaterThan(5);
    const all = [await ask({ user: "bob" }), await ask({ publicKey: new Uint8Array(32).fill(3) })];
    chmodSync(join(home, ".mp/authorized_keys"), 0o640);
    all.push(await ask());
    chmodSync(join(home, ".mp"), 0o755);
    all.push(await ask());
    rmSync(join(home, ".mp"), { recursive: true });
    all.push(await ask());
    expect(all.map((each) => each.verdict.kind)).toEqual(Array(5).fill("refused"));
    for (const each of all) expect(each.operations).toEqual(granted);
    const own = { ...account, uid: account.uid + 1 };
    expect((await ask({ own })).operations).toEqual((await ask({ own, user: "bob" })).operations);
  });
});
