import { describe, expect, it } from "vitest";
import { fingerprint, randomart, randomartRows } from "./fingerprint.js";

/** Ed25519 public keys, with what `ssh-keygen -lv` of OpenSSH 9.2 prints for them. */
const OPENSSH_VECTORS = [
  {
    publicKey: "0XPFD2j813f5VGTQU4GmFk0jrMTDCCU5Oqnhyoy9e9c=",
    print: "SHA256:SEOWSblNt4L0KxgbB3XASmquo71fAYgfcPnmkucEhpk",
    image: [
      "+--[ED25519 256]--+",
      "|. .. +*=.        |",
      "| +..oo*.. .      |",
      "|.+o+.+o* . .     |",
      "|E.=.*o+o+ .      |",
      "| +.= *o So       |",
      "|  + * ...        |",
      "| . =  ..         |",
      "|o.  ..           |",
      "|o.oo.            |",
      "+----[SHA256]-----+",
    ],
  },
  {
    publicKey: "4q+2eMAq8hsnjLcFkcGych5NdyC6AhC4UZgMjeorYhQ=",
    print: "SHA256:yqUS8iabA5q97zkIZrKSf9vav5OdL7GUrrhpSsXlyDQ",
    image: [
      "+--[ED25519 256]--+",
      "|                 |",
      "|                 |",
      "|      E .        |",
      "|     + =         |",
      "|  . . = S  .     |",
      "|+o o + +  +      |",
      "|=B..= +  = +     |",
      "|* +*o=.oo *      |",
      "|..=*B**o++ o.    |",
      "+----[SHA256]-----+",
    ],
  },
  {
    publicKey: "8s6HJWsgE3Nwx1KimEf3FzHaM56NL4to1zYGBvd6z4w=",
    print: "SHA256:OGMfeiaIfx3xu38Vo043oSSvdJ+0fhtCN+cEApsjPRo",
    image: [
      "+--[ED25519 256]--+",
      "|          .      |",
      "|         . +     |",
      "|        E * . .  |",
      "|       ..+ + o = |",
      "|      = So  +.oo*|",
      "|   . o =.....*.*+|",
      "|  . . o.+...=.+o=|",
      "|   .  .+. .. .o+o|",
      "|    ..    .o...oo|",
      "+----[SHA256]-----+",
    ],
  },
  {
    publicKey: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    print: "SHA256:kmYcvdi2GkPeWxB6XLjrZB8JHsy2Hm8luHMFp9GMvqk",
    image: [
      "+--[ED25519 256]--+",
      "|                 |",
      "|       . .       |",
      "|      . + .+     |",
      "|     . X =+ +    |",
      "|      X So =     |",
      "|     = B.B+.o    |",
      "|      + X.+*     |",
      "|       Oo*=.     |",
      "|      . E=o      |",
      "+----[SHA256]-----+",
    ],
  },
  {
    publicKey: "//////////////////////////////////////////8=",
    print: "SHA256:48D9sC7DVJMSGpOHcSS3/AKz/VOmo26MOgXADP9uFHk",
    image: [
      "+--[ED25519 256]--+",
      "|=   o=+          |",
      "|.+  =*o.         |",
      "| .. ==E. .       |",
      "|  ...O.o+        |",
      "|   .+ =oS.o      |",
      "|   o. .= O       |",
      "|   .o=  B .      |",
      "|  ... *o o       |",
      "|  .o ooo.        |",
      "+----[SHA256]-----+",
    ],
  },
  {
    publicKey: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    print: "SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA",
    image: [
      "+--[ED25519 256]--+",
      "| .oOo=oo  E +.+=+|",
      "|  + *.+.   o +.o.|",
      "| .   .. . .  .o+ |",
      "|       . . +. ...|",
      "|        S =o. .  |",
      "|       o oo..  . |",
      "|        .oo=o .  |",
      "|        oo=oo.   |",
      "|         o.o..   |",
      "+----[SHA256]-----+",
    ],
  },
];

describe.each(OPENSSH_VECTORS)("the key $publicKey", ({ publicKey, print, image }) => {
  const key = Uint8Array.from(Buffer.from(publicKey, "base64"));

  it("has the fingerprint that ssh-keygen -l prints", () => {
    expect(fingerprint(key)).toBe(print);
  });

  it("has the image that ssh-keygen -lv prints", () => {
    expect(randomart(key)).toBe(image.join("\n"));
  });
});

describe("randomartRows", () => {
  const { image } = OPENSSH_VECTORS[0]!;
  const board = image.slice(1, -1);

  it.each([
    ["as printed", image.join("\n")],
    ["with carriage returns and indented", image.map((line) => `   ${line}\r`).join("\n")],
    ["on one line", image.join(" ")],
    ["without any separator", image.join("")],
    ["without its edges", board.join("\n")],
  ])("finds the board %s", (_, text) => {
    expect(randomartRows(text)).toEqual(board);
  });

  it.each([
    ["nothing", ""],
    ["a line too few", board.slice(1).join("\n")],
    ["a line too many", [...board, ...board.slice(0, 1)].join("\n")],
    ["a character of no image", board.join("\n").replace(/[.o+]/, "?")],
  ])("finds none in %s", (_, text) => {
    expect(randomartRows(text)).toBeUndefined();
  });
});
