import { setTimeout as sleep } from "node:timers/promises";
import { dial } from "../../test/e2e/harness/library-client.js";
import type { World } from "../../test/e2e/harness/world.js";
import { now } from "../../packages/libmoshpit-node/src/clock/index.js";
import { nodeCrypto, systemEntropy } from "../../packages/libmoshpit-node/src/crypto/index.js";
import { Driver, pathOf, UdpClient } from "../../packages/libmoshpit-node/src/net/index.js";
import type { LinkProfile } from "../../packages/libmoshpit-node/src/net/relay/index.js";
import type { ConnectionSecrets, OpenRequestInit } from "../../packages/libmoshpit/src/wire/index.js";
import { SessionMachine, type SessionEvent } from "../src/reference/session-machine.js";
import { RecordedNetwork } from "./network.js";
import { Recorder } from "./recorder.js";

const PATIENCE_MS = 60_000;

/** A session with a real server and a real program, by the real machine, over a bad network that is recorded. */
export class RecordedClient {
  readonly secrets: ConnectionSecrets;
  readonly connectionId: bigint;
  readonly recorder: Recorder;
  readonly network: RecordedNetwork;
  readonly #machine: SessionMachine;
  readonly #driver: Driver<SessionEvent, string>;
  readonly #socket: UdpClient;
  #shown = "";
  #over = false;

  private constructor(
    secrets: ConnectionSecrets,
    connectionId: bigint,
    path: string,
    socket: UdpClient,
    profile: LinkProfile,
    seed: number,
  ) {
    this.secrets = secrets;
    this.connectionId = connectionId;
    this.#socket = socket;
    this.recorder = new Recorder(secrets, connectionId);
    this.network = new RecordedNetwork(profile, seed, this.recorder);
    const shared = { crypto: nodeCrypto, entropy: systemEntropy, secrets, connectionId, path };
    this.#machine = new SessionMachine({ ...shared, role: "client", now: now() });
    this.#driver = new Driver<SessionEvent, string>(this.#machine, {
      transmit: (to, bytes) => this.network.carry("client", bytes, () => socket.send(to, bytes)),
      event: (event) => this.#onEvent(event),
    });
  }

  static async open(
    world: World,
    open: OpenRequestInit,
    profile: LinkProfile,
    seed: number,
  ): Promise<RecordedClient> {
    const answer = await dial({
      host: world.ip,
      port: world.port,
      user: world.user,
      identity: world.client,
      request: { case: "open", value: open },
    });
    if (answer.kind !== "accepted") throw new Error(`not accepted: ${answer.kind}`);
    const { session, secrets } = answer;
    const socket = await UdpClient.open(4, (path, bytes) => client.#received(path, bytes));
    const path = pathOf(world.ip, session.udpPort);
    const client = new RecordedClient(secrets, session.connectionId, path, socket, profile, seed);
    client.#driver.run(() => undefined);
    return client;
  }

  /** Types as a person does: the characters one after the other. */
  async type(text: string, millisecondsApart = 60): Promise<void> {
    for (const char of text) {
      this.#write(new TextEncoder().encode(char));
      await sleep(millisecondsApart * (0.5 + ((char.codePointAt(0) ?? 0) % 10) / 10));
    }
  }

  /** All at once, as a paste or a pipe. */
  send(text: string): void {
    this.#write(new TextEncoder().encode(text));
  }

  end(): void {
    this.recorder.input("client", { case: "end", value: {} });
    this.#driver.run((time) => this.#machine.end(time));
  }

  resize(columns: number, rows: number): void {
    const size = { columns, rows, pixelWidth: 0, pixelHeight: 0 };
    this.recorder.input("client", { case: "resize", value: size });
    this.#driver.run((time) => this.#machine.resize(time, size));
  }

  /** Waits until the output since the last call matches. */
  async shows(pattern: RegExp): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!pattern.test(this.#shown)) {
      if (performance.now() > deadline || this.#over)
        throw new Error(`no ${String(pattern)}: ${JSON.stringify(this.#shown.slice(-400))}`);
      await sleep(10);
    }
    this.#shown = "";
  }

  /** Waits until everything that was typed is acknowledged. */
  async settled(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (this.#machine.bufferedAmount > 0 && performance.now() < deadline) await sleep(20);
    await sleep(1_000);
  }

  /** No packet, no timer, no socket any more; the server is left to itself. */
  stop(): void {
    this.#driver.stop();
    this.network.stop();
    this.#socket.close();
  }

  #write(bytes: Uint8Array): void {
    this.recorder.input("client", { case: "typed", value: { octets: bytes } });
    this.#driver.run((time) => this.#machine.write(time, bytes));
  }

  #received(path: string, bytes: Uint8Array): void {
    const copy = new Uint8Array(bytes);
    this.network.carry("server", copy, () =>
      this.#driver.run((time) => this.#machine.handleDatagram(time, path, copy)),
    );
  }

  #onEvent(event: SessionEvent): void {
    if (event.type === "data") {
      this.#shown += new TextDecoder().decode(event.bytes);
      this.#driver.run((time) => this.#machine.consumed(time, event.bytes.length));
    }
    if (event.type === "close") this.#over = true;
  }
}
