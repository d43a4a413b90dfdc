import { connect } from "node:net";
import { nodeCrypto, systemEntropy } from "../../../packages/libmoshpit-node/src/crypto/index.js";
import { now } from "../../../packages/libmoshpit-node/src/clock/index.js";
import type { Identity } from "../../../packages/libmoshpit-node/src/keys/index.js";
import { Driver, pathOf, UdpClient } from "../../../packages/libmoshpit-node/src/net/index.js";
import {
  ClientHandshake,
  type ClientHandshakeEvent,
} from "../../../packages/libmoshpit/src/handshake/index.js";
import { Attachment, type SessionEvent } from "../../../packages/libmoshpit/src/session/index.js";
import type {
  ClientRequest,
  ConnectionSecrets,
  OpenRequestInit,
  RejectCode,
  SessionAccepted,
} from "../../../packages/libmoshpit/src/wire/index.js";

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly identity: Identity;
  readonly request: ClientRequest;
  /** The client breaks the connection right after its request. */
  readonly leave?: boolean;
}

export type Answer =
  | { readonly kind: "accepted"; readonly session: SessionAccepted; readonly secrets: ConnectionSecrets }
  | {
      readonly kind: "rejected";
      readonly code: RejectCode;
      readonly text: string;
      /** The lengths of what the server sent, one frame each. */
      readonly frames: readonly number[];
      /** From the client's last octet to the answer. */
      readonly milliseconds: number;
    }
  | { readonly kind: "failed"; readonly error: Error };

/** A handshake with the machines of the library, through a real socket. */
export async function dial(options: DialOptions): Promise<Answer> {
  const { user, identity, request } = options;
  const machine = new ClientHandshake({
    crypto: nodeCrypto,
    entropy: systemEntropy,
    user,
    identity,
    request,
  });
  const socket = connect({ host: options.host, port: options.port, noDelay: true });
  const received: Uint8Array[] = [];
  let asked = 0;
  /** ClientHello, then ClientIdentity. */
  let requests = 0;
  return await new Promise((resolve) => {
    const handle = (event: ClientHandshakeEvent): void => {
      if (event.type === "host-key") driver.run((time) => machine.trustHostKey(time));
      else if (event.type === "close") socket.end();
      else if (event.type === "failed") resolve({ kind: "failed", error: event.error });
      else if (event.type === "rejected") {
        const frames = lengthsOf(Buffer.concat(received));
        const milliseconds = performance.now() - asked;
        resolve({ kind: "rejected", code: event.code, text: event.text, frames, milliseconds });
      } else if (event.accepted.result.case === "session") {
        resolve({ kind: "accepted", session: event.accepted.result.value, secrets: event.secrets });
      }
    };
    const driver: Driver<ClientHandshakeEvent> = new Driver(machine, {
      transmit: (_path, bytes) => {
        asked = performance.now();
        requests += 1;
        socket.write(bytes, () => {
          if (options.leave === true && requests === 2) socket.destroy();
        });
      },
      event: handle,
    });
    socket.on("connect", () => driver.run((time) => machine.start(time)));
    socket.on("data", (bytes: Uint8Array) => {
      received.push(bytes);
      driver.run((time) => machine.handleBytes(time, bytes));
    });
    socket.on("end", () => driver.run((time) => machine.handleEnd(time)));
    socket.on("error", (error) => resolve({ kind: "failed", error }));
    socket.on("close", () => resolve({ kind: "failed", error: new Error("the connection is closed") }));
  });
}

/** What happened in a session until it was over. */
export interface Ended {
  readonly exit: { readonly code: number } | { readonly signal: number } | undefined;
  readonly reason: string | undefined;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** A session with the machines of the library, through a real socket. */
export class LibraryClient {
  readonly name: string;
  readonly udpPort: number;
  /** Everything but data, in order. */
  readonly events: SessionEvent[] = [];
  /** Every datagram that left. */
  readonly sent: Uint8Array[] = [];
  readonly ended: Promise<Ended>;
  readonly #connection: Attachment;
  readonly #driver: Driver<SessionEvent, string>;
  readonly #outputs: [Uint8Array[], Uint8Array[]] = [[], []];
  readonly #socket: UdpClient;
  #heard: () => void = () => undefined;
  #drained: () => void = () => undefined;

  private constructor(
    session: SessionAccepted,
    connection: Attachment,
    socket: UdpClient,
    received: { deliver?: (path: string, bytes: Uint8Array) => void },
  ) {
    this.name = session.sessionName;
    this.udpPort = session.udpPort;
    this.#connection = connection;
    this.#socket = socket;
    let end: (ended: Ended) => void;
    this.ended = new Promise((resolve) => (end = resolve));
    let close: Extract<SessionEvent, { type: "close" }> | undefined;
    this.#driver = new Driver(connection, {
      transmit: (path, bytes) => {
        this.sent.push(bytes);
        socket.send(path, bytes);
      },
      event: (event) => {
        if (event.type === "data") {
          this.#outputs[event.standardError ? 1 : 0].push(event.bytes);
          this.#driver.run((time) => connection.consumed(time, event.bytes.length));
          this.#heard();
          return;
        }
        this.events.push(event);
        this.#heard();
        if (event.type === "drain") this.#drained();
        if (event.type === "close") close = event;
        if (event.type !== "closed") return;
        socket.close();
        end({ exit: close?.exit, reason: close?.reason, stdout: this.stdout, stderr: this.stderr });
      },
    });
    received.deliver = (path, bytes) =>
      this.#driver.run((time) => connection.handleDatagram(time, path, bytes));
    this.#driver.run(() => undefined);
  }

  static async open(
    options: Omit<DialOptions, "request"> & { readonly open: OpenRequestInit },
  ): Promise<LibraryClient> {
    const answer = await dial({ ...options, request: { case: "open", value: options.open } });
    if (answer.kind !== "accepted") throw new Error(`not accepted: ${JSON.stringify(answer)}`);
    const received: { deliver?: (path: string, bytes: Uint8Array) => void } = {};
    const socket = await UdpClient.open(options.host.includes(":") ? 6 : 4, (path, bytes) =>
      received.deliver?.(path, bytes),
    );
    const connection = new Attachment({
      role: "client",
      crypto: nodeCrypto,
      entropy: systemEntropy,
      secrets: answer.secrets,
      connectionId: answer.session.connectionId,
      path: pathOf(options.host, answer.session.udpPort),
      now: now(),
    });
    return new LibraryClient(answer.session, connection, socket, received);
  }

  get stdout(): Buffer {
    return Buffer.concat(this.#outputs[0]);
  }

  get stderr(): Buffer {
    return Buffer.concat(this.#outputs[1]);
  }

  type(text: string | Uint8Array): void {
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    this.#driver.run((time) => this.#connection.write(time, bytes));
  }

  /** In pieces, as much as the other side takes. */
  async send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += 16_384) {
      this.type(bytes.subarray(at, at + 16_384));
      if (this.#connection.bufferedAmount < 256 * 1024) continue;
      await new Promise<void>((resolve) => (this.#drained = resolve));
    }
  }

  endInput(): void {
    this.#driver.run((time) => this.#connection.end(time));
  }

  resize(columns: number, rows: number): void {
    this.#driver.run((time) =>
      this.#connection.resize(time, { columns, rows, pixelWidth: 0, pixelHeight: 0 }),
    );
  }

  /** The person quits. */
  quit(): void {
    this.#driver.run((time) => this.#connection.close(time, { reason: "quit" }));
  }

  /** The client dies without a word. */
  vanish(): void {
    this.#driver.stop();
    this.#socket.close();
  }

  /** Octets from nowhere in particular, to the session's port. */
  sendRaw(path: string, bytes: Uint8Array): void {
    this.#socket.send(path, bytes);
  }

  /** Resolves when the condition holds, which is looked at whenever something arrives; rejects after 20 s. */
  async until(condition: (client: this) => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`it did not come to that; output: ${this.stdout.subarray(-500).toString()}`)),
        20_000,
      );
      const look = (): void => {
        if (!condition(this)) return;
        clearTimeout(timer);
        this.#heard = () => undefined;
        resolve();
      };
      this.#heard = look;
      look();
    });
  }

  async shows(text: string): Promise<void> {
    await this.until(({ stdout }) => stdout.includes(text));
  }
}

function lengthsOf(stream: Buffer): number[] {
  const lengths: number[] = [];
  for (let at = 0; at + 4 <= stream.length;) {
    const length = stream.readUInt32BE(at);
    lengths.push(length);
    at += 4 + length;
  }
  return lengths;
}
