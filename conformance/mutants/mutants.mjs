// The reference with one fault each. `find` stands exactly once in the sources of libmoshpit and becomes `replace`;
// every case of `killedBy` has to fail against the result. scripts/check-conformance.mjs sees to it.

/** @typedef {{ find: string, replace: string }} Patch */
/** @typedef {{ name: string, about: string, patches: Patch[], killedBy: string[] }} Mutant */

const both = (...cases) => cases.flatMap((name) => [`${name}@client`, `${name}@server`]);

/** @type {Mutant[]} */
export const MUTANTS = [
  {
    name: "no-replay-check",
    about: "a packet is accepted as often as it comes",
    patches: [{ find: 'if (found !== "new") return this.drop(found);', replace: "void found;" }],
    killedBy: ["l1/replay/vector-sequence", ...both("l2/datagrams/replay-changes-nothing")],
  },
  {
    name: "window-moved-before-the-mac",
    about: "the replay window takes up a number before anything of the packet is verified",
    patches: [
      {
        find: "const macAt = datagram.length - this.#macLength;",
        replace: `const early = this.#window.lookUp(packetNumber);
          if (early !== "new") return this.drop(early);
          const isNewest = packetNumber >= this.#window.end;
          this.#window.accept(packetNumber);
          const macAt = datagram.length - this.#macLength;`,
      },
      {
        find: "const found = this.#window.lookUp(packetNumber);",
        replace: 'const found = "new" as string as "new";',
      },
      { find: "const newest = packetNumber >= this.#window.end;", replace: "const newest = isNewest;" },
    ],
    killedBy: [
      "l1/replay/mac-before-window",
      "l1/packets/each-octet-matters",
      ...both("l2/datagrams/forgery-changes-nothing"),
    ],
  },
  {
    name: "window-moved-before-the-aead",
    about: "the replay window takes up a number once the MAC is right",
    patches: [
      {
        find: "const header = datagram.subarray(0, PACKET_HEADER_LENGTH);",
        replace: `const isNewest = packetNumber >= this.#window.end;
          this.#window.accept(packetNumber);
          const header = datagram.subarray(0, PACKET_HEADER_LENGTH);`,
      },
      { find: "const newest = packetNumber >= this.#window.end;", replace: "const newest = isNewest;" },
    ],
    killedBy: ["l1/replay/not-marked-by-a-forgery"],
  },
  {
    name: "half-the-mac",
    about: "only the first 16 octets of a MAC are compared",
    patches: [
      {
        find: "if (!equalSecretBytes(mac, datagram.subarray(macAt)))",
        replace: "if (!equalSecretBytes(mac.subarray(0, 16), datagram.subarray(macAt, macAt + 16)))",
      },
    ],
    killedBy: ["l1/packets/each-octet-matters", ...both("l2/datagrams/forgery-changes-nothing")],
  },
  {
    name: "roaming-before-authentication",
    about: "the path follows whatever datagram comes",
    patches: [
      {
        find: "const opened = this.#opener.open(datagram);",
        replace: `this.#parts.path.received(now, from, datagram.length, true);
          const opened = this.#opener.open(datagram);`,
      },
    ],
    killedBy: ["l2/path/not-for-forgeries@server", "l2/path/not-for-replays@server"],
  },
  {
    name: "roaming-by-the-overtaken",
    about: "the path follows every authentic packet, the newest or not",
    patches: [
      {
        find: "const moved = newest && from !== this.#path;",
        replace: "const moved = from !== this.#path;",
      },
    ],
    killedBy: ["l2/path/not-for-the-overtaken@server"],
  },
  {
    name: "same-key-both-ways",
    about: "the server's datagrams are sealed with the client's keys",
    patches: [
      {
        find: "serverToClient: directionKeys(crypto, serverTraffic),",
        replace: "serverToClient: directionKeys(crypto, clientTraffic),",
      },
    ],
    killedBy: ["l0/handshake/key-schedule-hybrid", ...both("l2/handshake/x25519")],
  },
  {
    name: "transcript-without-the-offers",
    about: "the server does not hash the ClientHello",
    patches: [
      {
        find: `this.#transcript.addFrame(frame(body));
    this.#answerHello(message.value);`,
        replace: "this.#answerHello(message.value);",
      },
    ],
    killedBy: ["l2/handshake/x25519@server", "l2/handshake/hybrid@server"],
  },
  {
    name: "re-encoding-before-hashing",
    about: "the server encodes the ClientHello anew and hashes that",
    patches: [
      {
        find: `this.#transcript.addFrame(frame(body));
    this.#answerHello(message.value);`,
        replace: `this.#transcript.addFrame(frame(encodeHandshakeMessage({ message })));
    this.#answerHello(message.value);`,
      },
    ],
    killedBy: ["l2/handshake/octets-as-they-travelled@server"],
  },
  {
    name: "lenient-signatures",
    about: "encodings of keys and signatures are not checked",
    patches: [
      {
        find: "hasStrictEncoding(publicKey, signature) && satisfiesEquation",
        replace: "satisfiesEquation",
      },
    ],
    killedBy: ["l0/primitives/ed25519-strict"],
  },
  {
    name: "no-tail-probe",
    about: "nothing is probed: the loss of the last packet is never noticed",
    patches: [
      {
        find: "if (!send.hasInFlight || !heard.maySend(now)) {",
        replace: "if (send.hasInFlight || !send.hasInFlight) {",
      },
    ],
    killedBy: both("l2/tail/lost-packet-is-probed", "l2/tail/first-probe", "l2/send/a-size-is-reliable"),
  },
  {
    name: "rtt-from-any-packet",
    about: "overtaken packets give samples of the round trip",
    patches: [
      {
        find: "if (newest && !moved && echo !== undefined)",
        replace: "if (!moved && echo !== undefined)",
      },
    ],
    killedBy: both("l2/rtt/only-from-the-newest"),
  },
  {
    name: "nak-for-delivered-data",
    about: "a Nak names the last frame that was delivered, too",
    patches: [
      {
        find: "return this.#beyond.gaps(this.#cumulative, this.#peerNext);",
        replace: "return this.#beyond.gaps(Math.max(0, this.#cumulative - 1), this.#peerNext);",
      },
    ],
    killedBy: both("l2/naks/after-the-reorder-delay", "l2/naks/never-what-was-given"),
  },
  {
    name: "nak-at-once",
    about: "a gap is reported without waiting for what was only overtaken",
    patches: [{ find: "dueAt: after(now, reorderDelay)", replace: "dueAt: now" }],
    killedBy: both("l2/naks/after-the-reorder-delay", "l2/naks/not-what-comes-in-time"),
  },
  {
    name: "every-nak-is-answered",
    about: "what a Nak names is sent again, however lately it was sent",
    patches: [
      {
        find: "if (frame !== undefined && elapsed(frame.lastSentAt, now) >= interval)",
        replace: "if (frame !== undefined && elapsed(frame.lastSentAt, now) >= 0)",
      },
    ],
    killedBy: both("l2/naks/answered-at-once"),
  },
  {
    name: "acknowledges-acknowledgements",
    about: "a packet without reliable frames is acknowledged at once",
    patches: [
      {
        find: "if (frames.length === 0) return [];",
        replace: `if (frames.length === 0) {
          this.#owe(now, octets, true);
          return [];
        }`,
      },
    ],
    killedBy: both("l2/acks/none-for-acknowledgements", "l2/acks/idle-means-heartbeats"),
  },
  {
    name: "answers-what-it-drops",
    about: "a datagram that fails a check elicits an acknowledgement",
    patches: [
      {
        find: 'if (opened.kind === "dropped") return undefined;',
        replace: `if (opened.kind === "dropped") {
          this.#parts.due.add("acknowledgement");
          return undefined;
        }`,
      },
    ],
    killedBy: both("l2/datagrams/forgery-changes-nothing", "l2/datagrams/replay-changes-nothing"),
  },
  {
    name: "packet-number-twice",
    about: "now and then a packet has the number of the one before",
    patches: [
      {
        find: "const packetNumber = this.#next++;",
        replace: "const packetNumber = this.#next % 40 === 39 ? this.#next++ - 1 : this.#next++;",
      },
    ],
    killedBy: both("l2/tail/every-key-once", "l2/networks/everything"),
  },
  {
    name: "resize-lost",
    about: "a Resize is not kept until it is acknowledged",
    patches: [
      {
        find: "this.#inFlight.set(sequence, { sequence, encoded, octets, lastSentAt: now });",
        replace: `if (content.kind === "resize") return encoded;
    this.#inFlight.set(sequence, { sequence, encoded, octets, lastSentAt: now });`,
      },
    ],
    killedBy: both("l2/send/a-size-is-reliable"),
  },
  {
    name: "ignores-the-window",
    about: "sequence numbers are used whatever the peer holds",
    patches: [{ find: "return this.#nextSequence < this.#limit;", replace: "return true;" }],
    killedBy: both("l2/send/window-of-the-peer", "l2/send/last-size-only"),
  },
  {
    name: "no-three-times-limit",
    about: "an address that was not validated is sent to without limit",
    patches: [
      {
        find: "return AMPLIFICATION_LIMIT * received - sent;",
        replace: "return Infinity + received - sent;",
      },
    ],
    killedBy: ["l2/path/three-times-at-first@server", "l2/path/three-times-after-a-move@server"],
  },
  {
    name: "one-token-for-both",
    about: "the former address is challenged with the token of the new one",
    patches: [
      {
        find: 'return { path, token: this.#entropy.bytes("challenge", CHALLENGE_LENGTH) };',
        replace: "return { path, token: this.#unvalidated.token };",
      },
    ],
    killedBy: ["l2/path/follows-the-newest@server"],
  },
  {
    name: "any-token-will-do",
    about: "any ChallengeResponse validates an address",
    patches: [
      {
        find: "if (equalBytes(token, this.#unvalidated.token)) this.#unvalidated = undefined;",
        replace: "if (token.length > 0) this.#unvalidated = undefined;",
      },
    ],
    killedBy: ["l2/path/three-times-after-a-move@server"],
  },
  {
    name: "talks-to-a-silent-client",
    about: "a server goes on for as long as it likes",
    patches: [
      {
        find: "(this.#ever && this.silence(now) < SERVER_SILENT_AFTER)",
        replace: "(this.#ever && this.silence(now) >= 0)",
      },
    ],
    killedBy: ["l2/life/a-silent-server@server", "l2/tail/pace-of-a-server@server"],
  },
  {
    name: "no-padding",
    about: "a client's first packets are short",
    patches: [
      {
        find: 'if (this.#parts.role === "server") return 0;',
        replace: 'if (this.#parts.role !== "nobody") return 0;',
      },
    ],
    killedBy: ["l2/path/padding@client"],
  },
  {
    name: "questions-move-the-path",
    about: "a server takes a client's Challenges for another path, and forgets what it measured",
    patches: [{ find: 'if (this.#parts.role === "server") return false;', replace: "" }],
    killedBy: ["l2/life/a-question-is-answered@server"],
  },
  {
    name: "silence-is-not-asked-about",
    about: "a client that hears nothing sends Heartbeats only",
    patches: [{ find: 'else this.#parts.due.add("liveness");', replace: "" }],
    killedBy: ["l2/life/silence-is-asked-about@client"],
  },
  {
    name: "former-connection-is-heard",
    about: "packets of a connection that another one replaced are still taken",
    patches: [
      {
        find: "const { id } = this.#current;\n    this.#current.silence();",
        replace: "const { id } = ((this as any).former = this.#current);",
      },
      {
        find: "const candidate = this.#candidate?.connection;\n    return candidate",
        replace: `const candidate = this.#candidate?.connection;
          const former = (this as any).former;
          if (former !== undefined && connectionIdOf(datagram) === former.id) return former;
          return candidate`,
      },
    ],
    killedBy: both("l2/resume/the-former-is-erased"),
  },
  {
    name: "frames-end-with-their-connection",
    about: "what was in flight on a connection is forgotten with it",
    patches: [{ find: "this.#streams.send.askAll();", replace: "this.#streams.send.clear();" }],
    killedBy: both("l2/resume/exactly-once"),
  },
  {
    name: "any-generation-is-new",
    about: "a server grants a generation that is over",
    patches: [
      {
        find: "if (generation > this.#generation && generation >= newest) return;",
        replace: "if (generation > 0) return;",
      },
    ],
    killedBy: ["l2/resume/stale-generations@server"],
  },
  {
    name: "candidates-stay",
    about: "a candidate that nobody uses is kept for good",
    patches: [
      {
        find: 'else if (expired === "candidate-expired") this.#retire(this.#connections.dropCandidate());',
        replace: "",
      },
    ],
    killedBy: ["l2/resume/a-candidate-expires@server"],
  },
];

/** Programs that do not try. Every case that runs has to end badly, with this verdict if it is named. */
export const NULL_TESTEES = [
  {
    name: "silent",
    about: "says hello and nothing more",
    verdict: "timeout",
    patience: 150,
    cases: ["l0/packets/sealed-full", "l1/payload/data-bounds", ...both("l2/tail/lost-packet-is-probed")],
  },
  { name: "always-ok", about: "answers every request with an empty response of its kind", cases: undefined },
  {
    name: "lying",
    about: "tells of connections and deliveries, and sends nothing",
    cases: undefined,
  },
];
