import { execFile, spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort, type EmulatedLink, type LinkParameters, type Traffic } from "./link.js";

const SCRIPT = fileURLToPath(new URL("../link/namespace-link.py", import.meta.url));
const DEVICE = "mpb0";
const run = promisify(execFile);
let made = 0;

/** Whether namespaces can be made here. */
export function canMakeNamespaces(): boolean {
  return process.getuid?.() === 0;
}

/** Two fresh network namespaces and a link between them; they are gone after `stop`. */
export async function namespaceLink(parameters: LinkParameters): Promise<EmulatedLink> {
  const name = `${process.pid}-${++made}`;
  const [client, server] = [`mpb-c-${name}`, `mpb-s-${name}`];
  const emulator = await Emulator.start(client, server, parameters);
  const inside = (namespace: string) => (argv: readonly string[]) => [
    "ip",
    "netns",
    "exec",
    namespace,
    ...argv,
  ];
  let clientHost = 1;
  let natHost = 100;
  return {
    serverAddress: "10.88.0.2",
    listenAddress: "10.88.0.2",
    ports: async () => ({ tcp: await freePort() }),
    onServer: inside(server),
    onClient: inside(client),
    set: async (changed) => void (await emulator.order({ set: changed })),
    cut: async (dead) => void (await emulator.order({ cut: dead })),
    rebind: async () => void (await emulator.order({ rebind: `10.88.1.${natHost++}` })),
    moveClient: async () => {
      const old = address(clientHost);
      clientHost = clientHost < 250 ? Math.max(clientHost, 2) + 1 : 3;
      await run("ip", ["-n", client, "addr", "add", `${address(clientHost)}/32`, "dev", DEVICE]);
      await run("ip", ["-n", client, "addr", "del", `${old}/32`, "dev", DEVICE]);
    },
    counts: async () => (await emulator.order({ counts: true })) as { up: Traffic; down: Traffic },
    stop: async () => await emulator.stop(),
  };
}

function address(host: number): string {
  return `10.88.0.${host}`;
}

/** The process that carries the packets, obeying one order after the other. */
class Emulator {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting: ((answer: unknown) => void)[] = [];
  readonly #exited: Promise<unknown>;

  private constructor(process: ChildProcessByStdio<Writable, Readable, null>) {
    this.#process = process;
    this.#exited = once(process, "exit");
    createInterface(process.stdout).on("line", (line) => this.#waiting.shift()?.(JSON.parse(line)));
  }

  static async start(client: string, server: string, parameters: LinkParameters): Promise<Emulator> {
    const emulator = new Emulator(
      spawn("python3", [SCRIPT, client, server, JSON.stringify(parameters)], {
        stdio: ["pipe", "pipe", "inherit"],
      }),
    );
    await emulator.#answer();
    return emulator;
  }

  async order(order: object): Promise<unknown> {
    this.#process.stdin.write(`${JSON.stringify(order)}\n`);
    return await this.#answer();
  }

  async stop(): Promise<void> {
    this.#process.stdin.end();
    await this.#exited;
  }

  async #answer(): Promise<unknown> {
    return await Promise.race([
      new Promise((resolve) => this.#waiting.push(resolve)),
      this.#exited.then(() => {
        throw new Error("the link's process has ended");
      }),
    ]);
  }
}
