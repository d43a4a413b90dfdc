import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createConnection } from "node:net";
import { userInfo } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  formatPublicKeyLine,
  generateIdentity,
  KnownHosts,
  writeKeyPair,
  type Identity,
} from "../../../packages/libmoshpit-node/src/keys/index.js";
import {
  freeTcpPort,
  freeUdpRange,
  Relay,
  type LinkProfile,
} from "../../../packages/libmoshpit-node/src/net/relay/index.js";
import { commandLine, isAlive, withDescendants } from "./processes.js";
import { PROGRAMS, run, start, type Finished, type Running, type RunOptions } from "./programs.js";
import { OuterTerminal, type TerminalOptions } from "./terminal.js";

export interface WorldOptions {
  /** Where mps listens; default 127.0.0.1. */
  readonly ip?: string;
  /** Of the configuration of mps, more lines of `[mps]`. */
  readonly server?: Readonly<Record<string, string | number>>;
  /** How many UDP ports there are; default 4. */
  readonly udpPorts?: number;
  /** Where relays will listen; default 127.0.0.2. */
  readonly relays?: readonly string[];
  /** Default true: the client knows the host key. */
  readonly known?: boolean;
  /** Default true. */
  readonly startServer?: boolean;
  /** Where mps keeps its hosts; default: in the world's directory. `system`: where it does by itself. */
  readonly runtime?: "system";
}

const UDP_PORTS = 4;
const RELAYS: readonly string[] = ["127.0.0.2"];
const START_MS = 20_000;
const LOG_MS = 10_000;

/** A private server with keys and configuration, and clients of it. `remove` ends exactly what was started. */
export class World {
  readonly directory: string = mkdtempSync(join(userInfo().homedir, ".moshpit-test-"));
  readonly user: string = userInfo().username;
  readonly ip: string;
  readonly client: Identity = generateIdentity();
  readonly hostKey: Identity = generateIdentity();
  port = 0;
  udpPorts: { readonly first: number; readonly last: number } = { first: 0, last: 0 };
  readonly #options: WorldOptions;
  #server: Running | undefined;
  #serverError = "";
  /** Session hosts whose listener has ended. */
  readonly #left = new Set<number>();
  readonly #relays: Relay[] = [];
  readonly #started: Running[] = [];
  readonly #terminals: OuterTerminal[] = [];

  private constructor(options: WorldOptions) {
    this.#options = options;
    this.ip = options.ip ?? "127.0.0.1";
  }

  static async make(options: WorldOptions = {}): Promise<World> {
    const world = new World(options);
    try {
      await world.#prepare();
      if (options.startServer !== false) await world.startServer();
      return world;
    } catch (error) {
      await world.remove();
      throw error;
    }
  }

  /** A file of this world. */
  path(name: string): string {
    return join(this.directory, name);
  }

  get serverPid(): number {
    const pid = this.#server?.child.pid;
    if (pid === undefined) throw new Error("no server is running");
    return pid;
  }

  /** Session hosts that serve somebody. */
  get hostPids(): readonly number[] {
    const children = this.#server?.child.pid === undefined ? [] : withDescendants(this.serverPid);
    const isHost = (pid: number): boolean => isAlive(pid) && commandLine(pid).startsWith("mps-host ");
    return [...new Set([...this.#left, ...children])].filter(isHost);
  }

  /** What mps wrote: its log. */
  get serverLog(): string {
    return this.#serverError;
  }

  /** Waits until the log of mps says so; rejects after 10 s. */
  async logs(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = performance.now() + LOG_MS;
    for (;;) {
      const match = pattern.exec(this.#serverError);
      if (match !== null) return match;
      if (performance.now() > deadline)
        throw new Error(`the log does not say ${String(pattern)}:\n${this.#serverError}`);
      await sleep(20);
    }
  }

  /** `script`: another bundle of mps. */
  async startServer(script?: string): Promise<void> {
    const args = ["-e", "-v", "-c", this.path("moshpits.toml")];
    const server = start("mps", args, script === undefined ? {} : { script });
    this.#server = server;
    this.#serverError = "";
    server.child.stderr?.on("data", (text: string) => (this.#serverError += text));
    const deadline = performance.now() + START_MS;
    while (!(await this.#answers())) {
      if (server.child.exitCode !== null) throw new Error(`mps ended: ${this.#serverError}`);
      if (performance.now() > deadline) throw new Error(`mps does not listen: ${this.#serverError}`);
      await sleep(20);
    }
  }

  /** Ends the listener alone; its session hosts go on. */
  async endListener(signal: NodeJS.Signals): Promise<void> {
    for (const pid of this.hostPids) this.#left.add(pid);
    const server = this.#server;
    this.#server = undefined;
    server?.child.kill(signal);
    await server?.finished;
  }

  /** Changes a line of mps' configuration; a signal or a start takes it in. */
  reconfigure(key: string, value: string | number): void {
    const path = this.path("moshpits.toml");
    const others = readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => !line.startsWith(`${key} =`));
    writeFileSync(path, [...others, `${key} = ${JSON.stringify(value)}`].join("\n"));
  }

  /** Ends the server and everything below it. */
  async stopServer(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const server = this.#server;
    const pids = [...this.#left].filter((each) => this.hostPids.includes(each));
    this.#server = undefined;
    const pid = server?.child.pid;
    if (pid !== undefined) pids.push(...withDescendants(pid));
    for (const each of pids) tell(each, "SIGCONT");
    if (pid !== undefined) tell(pid, signal);
    const deadline = performance.now() + 3_000;
    while (pids.some(isAlive) && performance.now() < deadline) await sleep(10);
    for (const each of pids) tell(each, "SIGKILL");
    this.#left.clear();
    await server?.finished;
  }

  /** `-c` and the destination; `more` options go in between. */
  arguments(more: readonly string[] = [], host: string = this.ip): readonly string[] {
    return ["-c", this.path("moshpit.toml"), ...more, `${this.user}@${host}`];
  }

  /** Runs `mp` without a terminal: `command` is what stands after `--`. */
  async mp(
    command: string | undefined,
    options: RunOptions & { readonly args?: readonly string[] } = {},
  ): Promise<Finished> {
    return await run("mp", this.#mpArguments(command, options.args), options);
  }

  startMp(
    command: string | undefined,
    options: RunOptions & { readonly args?: readonly string[] } = {},
  ): Running {
    const running = start("mp", this.#mpArguments(command, options.args), options);
    this.#started.push(running);
    return running;
  }

  /** `mp` alone in a terminal. */
  mpTerminal(
    command: string | undefined,
    options: TerminalOptions & { readonly args?: readonly string[] } = {},
  ): OuterTerminal {
    return this.keep(OuterTerminal.program("mp", this.#mpArguments(command, options.args), options));
  }

  /** A shell at the remote end of `mp` in a terminal, with the prompt `in$ `. */
  async remoteShell(
    options: TerminalOptions & { readonly args?: readonly string[] } = {},
  ): Promise<OuterTerminal> {
    const terminal = this.mpTerminal("exec env HISTFILE= bash --norc --noprofile -i", options);
    await terminal.shows(/bash[^$#]*[$#] $/);
    terminal.type("PS1='in''$ '; bind 'set enable-bracketed-paste off'\r");
    await terminal.shows(/in\$ $/);
    return terminal;
  }

  /** A shell in a terminal with `mp` to a remote shell in it, and what `stty -a` said before. */
  async nestedShell(
    host: string = this.ip,
  ): Promise<{ readonly outer: OuterTerminal; readonly before: string }> {
    const outer = this.keep(await OuterTerminal.shell());
    const before = await outer.modes();
    const command = ["--", "exec env HISTFILE= bash --norc --noprofile -i"];
    outer.type(`${this.mpLine([...this.arguments([], host), ...command])}\r`);
    await outer.shows(/bash[^$#']*[$#] $/);
    await outer.command("PS1='in''$ '; bind 'set enable-bracketed-paste off'", /in\$ $/);
    return { outer, before };
  }

  /** The command line of `mp` for a shell. */
  mpLine(args: readonly string[]): string {
    return [process.execPath, PROGRAMS.mp, ...args].map((word) => `'${word}'`).join(" ");
  }

  /** Ends with the world. */
  keep(terminal: OuterTerminal): OuterTerminal {
    this.#terminals.push(terminal);
    return terminal;
  }

  /** A bad network before the server, at one of `relays`; the client knows the server there, too. */
  async relay(profile: LinkProfile, seed: number, listenAddress = "127.0.0.2"): Promise<Relay> {
    const relay = await Relay.start({
      listenAddress,
      serverAddress: this.ip,
      tcpPort: this.port,
      udpPorts: this.udpPorts,
      profile,
      seed,
    });
    this.#relays.push(relay);
    await this.know(listenAddress);
    return relay;
  }

  /** Adds the host key to the client's known hosts. */
  async know(host: string, hostKey: Uint8Array = this.hostKey.publicKey): Promise<void> {
    await (await KnownHosts.load(this.path("known_hosts"))).add(host, this.port, hostKey);
  }

  get knownHosts(): string {
    return readFileSync(this.path("known_hosts"), "utf8");
  }

  authorize(...publicKeys: readonly Uint8Array[]): void {
    const lines = publicKeys.map((publicKey) => `${formatPublicKeyLine({ publicKey, comment: "test" })}\n`);
    writeFileSync(this.path("authorized_keys"), lines.join(""));
    chmodSync(this.path("authorized_keys"), 0o600);
  }

  /** `key = value` lines, strings and numbers, `table` before them. */
  writeConfig(name: string, keys: Readonly<Record<string, string | number>>, table = ""): void {
    const lines = Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
    writeFileSync(this.path(name), table + lines.join(""), { flag: table === "" ? "w" : "a" });
  }

  async remove(): Promise<void> {
    for (const terminal of this.#terminals) terminal.kill();
    for (const { child } of this.#started) child.kill("SIGKILL");
    await Promise.all(this.#relays.map((relay) => relay.stop()));
    await this.stopServer();
    if (this.#options.runtime === "system") this.#removeRecords();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #mpArguments(command: string | undefined, more: readonly string[] = []): readonly string[] {
    // A destination among `more` stands for the usual one.
    const base = more.some((each) => each.includes("@"))
      ? ["-c", this.path("moshpit.toml"), ...more]
      : this.arguments(more);
    return command === undefined ? base : [...base, "--", command];
  }

  async #prepare(): Promise<void> {
    const loopback = this.ip.includes(":") ? [this.ip] : [this.ip, ...(this.#options.relays ?? RELAYS)];
    this.port = await freeTcpPort(loopback);
    this.udpPorts = await freeUdpRange(loopback, this.#options.udpPorts ?? UDP_PORTS);
    await writeKeyPair(this.path("id_ed25519"), { identity: this.client, comment: "test" });
    await writeKeyPair(this.path("host_key"), { identity: this.hostKey, comment: "test" });
    this.authorize(this.client.publicKey);
    if (this.#options.known !== false) await this.know(this.ip);
    this.writeConfig("moshpit.toml", {
      server_port: this.port,
      private_key_path: this.path("id_ed25519"),
      known_hosts: this.path("known_hosts"),
      tracing_absolute_path: this.path("moshpit.log"),
    });
    this.writeConfig("moshpits.toml", {
      private_key_path: this.path("host_key"),
      tracing_absolute_path: this.path("moshpits.log"),
    });
    const mps = {
      ip: this.ip,
      port: this.port,
      udp_ports: `${this.udpPorts.first}-${this.udpPorts.last}`,
      authorized_keys: `${basename(this.directory)}/authorized_keys`,
      ...(this.#options.runtime === "system" ? {} : { runtime_dir: this.path("run") }),
      ...this.#options.server,
    };
    this.writeConfig("moshpits.toml", mps, "[mps]\n");
  }

  /** Of hosts that were killed while no listener was there to see it. */
  #removeRecords(): void {
    const base = "/run/moshpits";
    if (!existsSync(base)) return;
    const mine = readdirSync(base).filter((name) => name.startsWith(`listener-${this.port}-`));
    for (const name of mine) rmSync(join(base, name), { recursive: true });
  }

  async #answers(): Promise<boolean> {
    return await new Promise((resolve) => {
      const socket = createConnection({ host: this.ip, port: this.port });
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
  }
}

/** Gone already is fine. */
function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
