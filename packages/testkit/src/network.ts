import { NEVER, type Machine, type Micros } from "libmoshpit/util";
import { EventQueue } from "./event-queue.js";
import { Link, type Fate, type LinkConditions } from "./link.js";
import type { SeededRandom } from "./random.js";

/** An address in the simulated network. */
export type Address = string;

/** What the network tells of each datagram. */
export interface Carried {
  readonly at: Micros;
  readonly from: Address;
  readonly to: Address;
  readonly bytes: Uint8Array;
  readonly fate: Fate;
}

/** Runs one machine at one address that may change. */
export class Host<Event> {
  readonly machine: DatagramMachine<Event>;
  readonly #network: Network;
  readonly #onEvent: (event: Event, now: Micros) => void;
  address: Address;
  #wakeAt: Micros = NEVER;
  #draining = false;

  constructor(
    network: Network,
    address: Address,
    machine: DatagramMachine<Event>,
    onEvent: (event: Event, now: Micros) => void,
  ) {
    this.#network = network;
    this.address = address;
    this.machine = machine;
    this.#onEvent = onEvent;
  }

  /** One mutation, then everything that follows from it. */
  run(mutate: (now: Micros) => void): void {
    mutate(this.#network.now);
    if (this.#draining) return;
    this.#draining = true;
    try {
      this.#drain();
    } finally {
      this.#draining = false;
    }
  }

  #drain(): void {
    for (;;) {
      const output = this.machine.pollOutput();
      if (output.kind === "timeout") return this.#arm(output.at);
      if (output.kind === "event") this.#onEvent(output.event, this.#network.now);
      else this.#network.send(this.address, output.path, output.bytes);
    }
  }

  #arm(at: Micros): void {
    if (at === this.#wakeAt) return;
    this.#wakeAt = at;
    if (at === NEVER) return;
    this.#network.at(at, () => {
      if (this.#wakeAt !== at) return;
      this.#wakeAt = NEVER;
      this.run((now) => this.machine.handleTimeout(now));
    });
  }
}

/** A machine that receives datagrams. */
export interface DatagramMachine<Event> extends Machine<Event, Address> {
  handleDatagram(now: Micros, from: Address, bytes: Uint8Array): void;
}

/** Virtual time, hosts, and a link for each direction between two kinds of address. */
export class Network {
  readonly #queue = new EventQueue<() => void>();
  readonly #hosts: { readonly address: Address; receive(from: Address, bytes: Uint8Array): void }[] = [];
  readonly #route: (from: Address, to: Address) => Link | undefined;
  /** Called for each datagram sent. */
  onCarried: (carried: Carried) => void = () => undefined;
  #now = 0 as Micros;

  /** `route` names the link that a datagram takes; undefined loses it. */
  constructor(route: (from: Address, to: Address) => Link | undefined) {
    this.#route = route;
  }

  get now(): Micros {
    return this.#now;
  }

  addHost<Event>(
    address: Address,
    machine: DatagramMachine<Event>,
    onEvent: (event: Event, now: Micros) => void,
  ): Host<Event> {
    const host = new Host(this, address, machine, onEvent);
    this.#hosts.push({
      get address() {
        return host.address;
      },
      receive: (from, bytes) => host.run((now) => machine.handleDatagram(now, from, bytes)),
    });
    host.run(() => undefined);
    return host;
  }

  /** Does something at that moment, or now if it is past. */
  at(at: Micros, action: () => void): void {
    this.#queue.push(at < this.#now ? this.#now : at, action);
  }

  send(from: Address, to: Address, bytes: Uint8Array): void {
    const link = this.#route(from, to);
    const fate: Fate = link?.carry(this.#now, bytes.length) ?? { kind: "lost", why: "blackout" };
    this.onCarried({ at: this.#now, from, to, bytes, fate });
    if (fate.kind === "lost") return;
    for (const at of fate.at) this.at(at, () => this.deliver(from, to, bytes));
  }

  /** Hands a datagram to whoever is at `to` now. */
  deliver(from: Address, to: Address, bytes: Uint8Array): void {
    this.#hosts.find((host) => host.address === to)?.receive(from, bytes);
  }

  /** Runs to that moment. */
  runUntil(until: Micros): void {
    for (;;) {
      const next = this.#queue.nextAt;
      if (next === undefined || next > until) break;
      this.#now = next;
      this.#queue.pop()?.();
    }
    this.#now = until;
  }

  /** Runs until the condition holds, at most to that moment; says whether it does. */
  runUntilTrue(condition: () => boolean, until: Micros): boolean {
    while (!condition()) {
      const next = this.#queue.nextAt;
      if (next === undefined || next > until) {
        this.#now = until;
        return condition();
      }
      this.#now = next;
      this.#queue.pop()?.();
    }
    return true;
  }
}

/** Both directions between addresses of a client (`client…`) and a server (`server…`). */
export class DuplexLink {
  readonly toServer: Link;
  readonly toClient: Link;

  constructor(toServer: LinkConditions, toClient: LinkConditions, random: SeededRandom) {
    this.toServer = new Link(toServer, random.fork());
    this.toClient = new Link(toClient, random.fork());
  }

  set conditions(conditions: LinkConditions) {
    this.toServer.conditions = conditions;
    this.toClient.conditions = conditions;
  }

  set down(down: boolean) {
    this.toServer.down = down;
    this.toClient.down = down;
  }

  readonly route = (_from: Address, to: Address): Link =>
    to.startsWith("server") ? this.toServer : this.toClient;
}
