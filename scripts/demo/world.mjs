// A private world for one demo: a directory, throw-away keys, a server, perhaps a bad network. Gone after every kind of end.
import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { userInfo } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { endProcesses, removeDirectory } from "./cleanup.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const program = (name) => join(root, "node_modules/.bin", name);
const library = (part) => import(join(root, "packages/libmoshpit-node/dist", part, "index.js"));

const SERVER = "127.0.0.1";
const RELAY = "127.0.0.2";
const UDP_PORTS = 8;
const START_MS = 10_000;

export class World {
  #janitor;
  #pids = [];
  #directory;
  #relay;
  #port;

  /** Keys, server and network; `link`: the name of a profile, or undefined. Throws an Error with one line. */
  static async make({ link, seed }) {
    const world = new World();
    try {
      await world.#make(link, seed);
      return world;
    } catch (error) {
      await world.remove();
      throw error;
    }
  }

  /** Arguments of `mp` for a session here. */
  get mpArguments() {
    return ["--config-absolute-path", join(this.#directory, "moshpit.toml")];
  }

  /** `mp` itself. */
  get mp() {
    return program("mp");
  }

  get directory() {
    return this.#directory;
  }

  /** For people. */
  get about() {
    return `a private mps on ${SERVER}:${this.#port}`;
  }

  /** This process ends with the world, at the latest. */
  endLater(pid) {
    if (pid === undefined) return;
    this.#pids.push(pid);
    this.#tellJanitor({ pid });
  }

  /** Ends the server and removes the keys. */
  async remove() {
    await this.#relay?.stop();
    await endProcesses(this.#pids);
    if (this.#directory !== undefined) removeDirectory(this.#directory);
    this.#janitor?.stdin.end();
  }

  async #make(link, seed) {
    this.#startJanitor();
    const { user, keys, net } = await this.#makeDirectory();
    const profile = link === undefined ? undefined : net.LINK_PROFILES[link];
    const addresses = profile === undefined ? [SERVER] : [SERVER, RELAY];
    this.#port = await net.freeTcpPort(addresses);
    const udpPorts = await net.freeUdpRange(addresses, UDP_PORTS);
    const host = profile === undefined ? SERVER : RELAY;
    await this.#writeFiles(user, keys, host, udpPorts);
    await this.#startServer();
    if (profile === undefined) return;
    this.#relay = await net.Relay.start({
      listenAddress: RELAY,
      serverAddress: SERVER,
      tcpPort: this.#port,
      udpPorts,
      profile,
      seed,
    });
  }

  #startJanitor() {
    this.#janitor = spawn(process.execPath, [join(root, "scripts/demo/janitor.mjs")], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    this.#janitor.stdin.on("error", () => undefined);
    this.#janitor.unref();
  }

  #tellJanitor(what) {
    this.#janitor.stdin.write(`${JSON.stringify(what)}\n`);
  }

  /** mps takes keys from within the home directory alone. */
  async #makeDirectory() {
    const user = userInfo();
    this.#directory = mkdtempSync(join(user.homedir, ".moshpit-demo-"));
    this.#tellJanitor({ directory: this.#directory });
    const [keys, net] = await Promise.all([library("keys"), library("net")]);
    return { user, keys, net };
  }

  async #writeFiles(user, keys, host, udpPorts) {
    const at = (name) => join(this.#directory, name);
    const [client, server] = [keys.generateIdentity(), keys.generateIdentity()];
    await keys.writeKeyPair(at("id_ed25519"), { identity: client, comment: "demo" });
    await keys.writeKeyPair(at("mps_host_ed25519_key"), { identity: server, comment: "demo" });
    await (await keys.KnownHosts.load(at("known_hosts"))).add(host, this.#port, server.publicKey);
    const line = keys.formatPublicKeyLine({ publicKey: client.publicKey, comment: "demo" });
    writeFileSync(at("authorized_keys"), `${line}\n`, { mode: 0o600 });
    this.#writeToml("moshpit.toml", {
      "": {
        server_destination: `${user.username}@${host}`,
        server_port: this.#port,
        private_key_path: at("id_ed25519"),
        known_hosts: at("known_hosts"),
        tracing_absolute_path: at("moshpit.log"),
      },
    });
    this.#writeToml("moshpits.toml", {
      "": { private_key_path: at("mps_host_ed25519_key"), tracing_absolute_path: at("moshpits.log") },
      mps: {
        ip: SERVER,
        port: this.#port,
        udp_ports: `${udpPorts.first}-${udpPorts.last}`,
        runtime_dir: join(this.#directory, "run"),
        // Should everything else fail, a session without a client ends by itself.
        detached_lifetime_secs: 60,
        authorized_keys: `${basename(this.#directory)}/authorized_keys`,
      },
    });
  }

  #writeToml(name, tables) {
    const text = Object.entries(tables).map(([table, keys]) => {
      const lines = Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
      return (table === "" ? "" : `[${table}]\n`) + lines.join("");
    });
    writeFileSync(join(this.#directory, name), text.join("\n"), { mode: 0o600 });
  }

  async #startServer() {
    const server = spawn(program("mps"), ["-e", "-c", join(this.#directory, "moshpits.toml")], {
      stdio: ["ignore", "ignore", "pipe"],
      // A process group of its own: the terminal's Ctrl-C and Ctrl-Z are for the demo.
      detached: true,
      env: environment(),
    });
    let said = "";
    server.stderr.setEncoding("utf8").on("data", (text) => (said = (said + text).slice(-2_000)));
    let ended = false;
    server.once("exit", () => (ended = true));
    server.once("error", (error) => ((ended = true), (said += error.message)));
    this.endLater(server.pid);
    const deadline = performance.now() + START_MS;
    while (!(await answers(this.#port))) {
      if (ended) throw new Error(`mps did not start: ${said.trim()}`);
      if (performance.now() > deadline)
        throw new Error(`mps does not listen after ${START_MS / 1_000} s: ${said.trim()}`);
      await sleep(10);
    }
  }
}

/** Of this process, without what would configure mp or mps: the environment wins over their files. */
export function environment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^MOSHPITS?_/.test(name)));
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = createConnection({ host: SERVER, port });
    socket.once("connect", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });
}
