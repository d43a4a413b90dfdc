import { describe, expect, it } from "vitest";
import { nobleCrypto } from "libmoshpit/crypto";
import { micros, millis, type Micros } from "libmoshpit/util";
import {
  encodeFrame,
  encodePayload,
  PacketSealer,
  type Frame,
  type Payload,
  type PayloadHead,
} from "libmoshpit/wire";
import { randomSecrets, SeededRandom } from "testkit";
import { CaseFailure } from "../run/case.js";
import { Observer } from "./observer.js";

const ID = 77n;
const NOW = millis(5_000);
const secrets = randomSecrets(new SeededRandom(3));

const data = (sequence: number, octet = 1): Frame => ({
  kind: "data",
  sequence,
  bytes: Uint8Array.of(octet),
  standardError: false,
  end: false,
});

/** A server that is watched, and what it sends. */
class Watched {
  readonly observer: Observer = new Observer({
    role: "server",
    crypto: nobleCrypto,
    secrets,
    connectionId: ID,
    serverAddress: "server",
    log: [],
  });
  readonly sealer: PacketSealer = new PacketSealer(nobleCrypto, secrets.suite, ID, secrets.serverToClient);
  readonly #head: PayloadHead = {
    cumulativeSequence: 0,
    selectiveRanges: [],
    largestPacketEnd: 0,
    receivedCount: 0,
    timestamp: 1_000,
    echo: undefined,
    nextSequence: 0,
    heldFrames: 0,
  };
  #given = 0;

  /** The peer's packet arrives. */
  give(head: Partial<PayloadHead> = {}, frames: readonly Frame[] = [], octets = 1200, from = "client"): void {
    const payload: Payload = { ...this.#head, timestamp: 2_000, ...head, frames };
    this.observer.given({ at: NOW, from, number: this.#given++, octets, payload });
  }

  send(
    head: Partial<PayloadHead> = {},
    frames: readonly Frame[] = [],
    at: Micros = NOW,
    to = "client",
  ): void {
    const known = { largestPacketEnd: this.#given, receivedCount: this.#given, echo: 2_000 };
    const plaintext = encodePayload({ ...this.#head, ...known, ...head }, frames.map(encodeFrame));
    this.observer.observe(at, to, this.sealer.seal(plaintext));
  }
}

function watched(): Watched {
  const made = new Watched();
  made.give();
  return made;
}

/** The requirement that a failure is laid to. */
function laidTo(act: () => void): string | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof CaseFailure) return error.requirement;
    throw error;
  }
  return "nothing was found";
}

describe("what is true of every packet (CF-OBS-001)", () => {
  it("lets pass what is right", () => {
    const server = watched();
    server.send({ nextSequence: 1 }, [data(0)]);
    server.send({ nextSequence: 2 }, [data(0), data(1)]);
    server.give({ cumulativeSequence: 1, nextSequence: 3 }, [data(2)]);
    server.send({ selectiveRanges: [{ start: 2, end: 3 }], nextSequence: 2 }, [
      { kind: "nak", missing: [{ start: 0, end: 2 }] },
    ]);
    expect(server.observer.packets).toHaveLength(3);
  });

  const wrong: [string, string, (server: Watched) => void][] = [
    [
      "another direction's keys",
      "PK-SEAL-004",
      (server) => {
        const sealer = new PacketSealer(nobleCrypto, secrets.suite, ID, secrets.clientToServer);
        server.observer.observe(NOW, "client", sealer.seal(new Uint8Array(0)));
      },
    ],
    [
      "another connection's id",
      "PK-HEAD-001",
      (server) => {
        const sealer = new PacketSealer(nobleCrypto, secrets.suite, 78n, secrets.serverToClient);
        server.observer.observe(NOW, "client", sealer.seal(new Uint8Array(0)));
      },
    ],
    [
      "a long datagram",
      "PK-HEAD-002",
      (server) => server.observer.observe(NOW, "client", new Uint8Array(1201)),
    ],
    [
      "a packet number left out",
      "PK-NUM-001",
      (server) => {
        server.sealer.skipTo(1);
        server.send();
      },
    ],
    [
      "an acknowledgement of what was not given",
      "FR-HEAD-001",
      (server) => server.send({ cumulativeSequence: 1 }),
    ],
    ["a selective one", "FR-HEAD-001", (server) => server.send({ selectiveRanges: [{ start: 3, end: 4 }] })],
    ["a largest packet that was not given", "FR-HEAD-001", (server) => server.send({ largestPacketEnd: 2 })],
    ["a wrong count", "FR-HEAD-001", (server) => server.send({ receivedCount: 0 })],
    ["a sequence number left out", "TR-SEND-001", (server) => server.send({ nextSequence: 2 }, [data(1)])],
    ["a wrong next_sequence", "TR-NAK-001", (server) => server.send({ nextSequence: 2 }, [data(0)])],
    [
      "a frame with other content",
      "TR-SEND-002",
      (server) => {
        server.send({ nextSequence: 1 }, [data(0)]);
        server.send({ nextSequence: 1 }, [data(0, 2)]);
      },
    ],
    [
      "a frame after its acknowledgement",
      "TR-SEND-002",
      (server) => {
        server.send({ nextSequence: 1 }, [data(0)]);
        server.give({ cumulativeSequence: 1 });
        server.send({ nextSequence: 1 }, [data(0)]);
      },
    ],
    [
      "a Nak for what was given",
      "TR-NAK-004",
      (server) => {
        server.give({ nextSequence: 1 }, [data(0)]);
        server.send({ cumulativeSequence: 1 }, [{ kind: "nak", missing: [{ start: 0, end: 1 }] }]);
      },
    ],
    [
      "a Nak for what nobody used",
      "FR-NAK-001",
      (server) => {
        server.send({}, [{ kind: "nak", missing: [{ start: 0, end: 1 }] }]);
      },
    ],
    ["no echo", "TR-RTT-001", (server) => server.send({ echo: undefined })],
    ["a wrong echo", "TR-RTT-001", (server) => server.send({ echo: 1_990 })],
    [
      "a clock that stands still",
      "TR-RTT-001",
      (server) => {
        server.send();
        server.send({ echo: 2_100 }, [], micros(NOW + 100_000));
      },
    ],
    ["another address", "PL-PATH-001", (server) => server.send({}, [], NOW, "elsewhere")],
    [
      "the former address",
      "PL-PATH-001",
      (server) => {
        server.give({}, [], 100, "client-b");
        server.send();
      },
    ],
    [
      "too much before validation",
      "PL-PATH-002",
      (server) => {
        server.give({}, [], 30, "client-b");
        server.send({}, [], NOW, "client-b");
      },
    ],
  ];

  it.each(wrong)("finds %s", (_what, requirement, act) => {
    const server = watched();
    expect(laidTo(() => act(server))).toBe(requirement);
  });

  it("finds a sequence number beyond the window", () => {
    const open = watched();
    open.give({}, [], 1_000_000);
    for (let s = 0; s < 512; s++) open.send({ nextSequence: s + 1 }, [data(s)]);
    expect(laidTo(() => open.send({ nextSequence: 513 }, [data(512)]))).toBe("TR-SEND-003");
  });
});
