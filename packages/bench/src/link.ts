import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The link between client and server, the same both ways. */
export interface LinkParameters {
  readonly delay_ms: number;
  readonly jitter_ms?: number;
  /** Of every packet, independently; 0 to 1. */
  readonly loss?: number;
  /** Octets a second; absent: no limit. */
  readonly rate?: number;
  /** Octets ahead of the rate. */
  readonly queue?: number;
  readonly seed?: number;
}

/** Where the two ends run and how they reach each other. */
export interface Link {
  readonly serverAddress: string;
  /** Puts a command line on the server's side. */
  readonly onServer: (argv: readonly string[]) => string[];
  /** Puts a command line on the client's side. */
  readonly onClient: (argv: readonly string[]) => string[];
  readonly stop: () => Promise<void>;
}

/** This machine's loopback. */
export const loopback: Link = {
  serverAddress: "127.0.0.1",
  onServer: (argv) => [...argv],
  onClient: (argv) => [...argv],
  stop: () => Promise.resolve(),
};

/** Whether namespaces can be made here. */
export function canMakeNamespaces(): boolean {
  return process.getuid?.() === 0;
}

/** Two fresh network namespaces and a link between them; they are gone after `stop`. */
export async function namespaceLink(parameters: LinkParameters): Promise<Link> {
  const client = `mpb-c-${process.pid}`;
  const server = `mpb-s-${process.pid}`;
  const script = fileURLToPath(new URL("../link/namespace-link.py", import.meta.url));
  const emulator = spawn("python3", [script, client, server, JSON.stringify(parameters)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(emulator, "exit");
  const ready = await Promise.race([once(emulator.stdout, "data"), exited]);
  if (emulator.exitCode !== null) throw new Error(`the link did not start: ${String(ready)}`);
  const inside = (namespace: string) => (argv: readonly string[]) => [
    "ip",
    "netns",
    "exec",
    namespace,
    ...argv,
  ];
  return {
    serverAddress: "10.88.0.2",
    onServer: inside(server),
    onClient: inside(client),
    stop: async () => {
      emulator.stdin.end();
      await exited;
    },
  };
}
