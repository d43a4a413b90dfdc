import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { endWithThis, temporaryDirectory } from "./leftovers.js";
import type { Link } from "./link.js";

/** A remote terminal with its server running, ready to be connected to. */
export interface Peer {
  readonly name: string;
  /** The client's command line; it opens an interactive shell. */
  readonly client: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The process that accepts connections. */
  readonly serverPid: number;
  readonly stop: () => Promise<void>;
}

/** A remote terminal that may be measured. */
export interface PeerKind {
  readonly name: string;
  readonly available: () => boolean;
  readonly start: (link: Link) => Promise<Peer>;
}

const workspace = fileURLToPath(new URL("../../../", import.meta.url));
const program = (name: string): string => join(workspace, "node_modules/.bin", name);
const user = userInfo();

function onPath(...commands: readonly string[]): boolean {
  const places = (process.env.PATH ?? "").split(":").concat("/usr/sbin");
  return commands.every((command) => places.some((place) => existsSync(join(place, command))));
}

/** What a client or server under measurement sees of the environment. */
function cleanEnvironment(home: string): Record<string, string> {
  return {
    HOME: home,
    PATH: `${process.env.PATH ?? "/usr/bin:/bin"}:/usr/sbin`,
    LANG: "C.UTF-8",
    LC_ALL: "C.UTF-8",
    USER: user.username,
  };
}

/** Until something accepts TCP there; with a namespace, asked from inside it. */
async function listening(link: Link, port: number): Promise<void> {
  const probe = `require("net").connect(${port},"${link.listenAddress}").on("connect",()=>process.exit(0)).on("error",()=>process.exit(1))`;
  const [node = "", ...args] = link.onServer([process.execPath, "-e", probe]);
  for (let attempt = 0; attempt < 100; attempt++) {
    const reached =
      link.listenAddress === "127.0.0.1"
        ? await new Promise<boolean>((resolve) => {
            const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
            socket.on("connect", () => socket.destroy());
          })
        : await new Promise<boolean>((resolve) =>
            spawn(node, args).on("exit", (code) => resolve(code === 0)),
          );
    if (reached) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nothing listens on port ${port}`);
}

function startServer(link: Link, argv: readonly string[], environment: Record<string, string>): ChildProcess {
  const [file = "", ...args] = link.onServer(argv);
  const server = spawn(file, args, { env: environment, stdio: ["ignore", "ignore", "inherit"] });
  endWithThis(server);
  return server;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}

/** This project: `mps` and `mp` with keys of their own. */
export const moshpit: PeerKind = {
  name: "moshpit",
  available: () => existsSync(program("mp")),
  start: (link) => startMps(link, "moshpit", {}),
};

/** The same with the cipher suite that saves 32 octets a packet. */
export const moshpitTruncated: PeerKind = {
  name: "moshpit, truncated suite",
  available: () => moshpit.available(),
  start: (link) =>
    startMps(link, "moshpit, truncated suite", { MOSHPIT_CIPHER_SUITE: "aes-256-gcm-siv-hmac-sha512-256" }),
};

async function startMps(link: Link, name: string, variables: Record<string, string>): Promise<Peer> {
  const dir = temporaryDirectory(user.homedir, ".moshpit-bench-");
  chmodSync(dir, 0o700);
  const environment = cleanEnvironment(dir);
  for (const key of ["host", "client"]) {
    execFileSync(program("mp-keygen"), ["generate", "-n", "-o", join(dir, key)], {
      env: environment,
      stdio: "ignore",
    });
  }
  writeFileSync(join(dir, "authorized_keys"), readFileSync(join(dir, "client.pub")), { mode: 0o600 });
  const { tcp: port, udp } = await link.ports();
  writeFileSync(
    join(dir, "mps.toml"),
    [
      `private_key_path = "${join(dir, "host")}"`,
      `public_key_path = "${join(dir, "host.pub")}"`,
      `[mps]`,
      `ip = "${link.listenAddress}"`,
      `port = ${port}`,
      ...(udp === undefined ? [] : [`udp_ports = "${udp.first}-${udp.last}"`]),
      `authorized_keys = "${basename(dir)}/authorized_keys"`,
      `runtime_dir = "${join(dir, "run")}"`,
    ].join("\n"),
  );
  const server = startServer(
    link,
    [program("mps"), "-c", join(dir, "mps.toml"), "-t", join(dir, "mps.log")],
    environment,
  );
  await listening(link, port);
  return {
    name,
    client: link.onClient([
      program("mp"),
      "-p",
      join(dir, "client"),
      "-k",
      join(dir, "client.pub"),
      "-s",
      String(port),
      "--known-hosts",
      join(dir, "known_hosts"),
      "--accept-new-host-key",
      `${user.username}@${link.serverAddress}`,
    ]),
    environment: { ...environment, ...variables },
    serverPid: server.pid ?? 0,
    stop: async () => {
      await end(server);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** OpenSSH, with a server of its own. */
export const ssh: PeerKind = {
  name: "ssh",
  available: () => onPath("ssh", "sshd", "ssh-keygen"),
  start: (link) => startSshd(link, "ssh"),
};

/** mosh without prediction, started through such a server. */
export const mosh: PeerKind = {
  name: "mosh",
  available: () => onPath("mosh", "mosh-server") && ssh.available(),
  start: async (link) => startSshd(link, "mosh"),
};

async function startSshd(link: Link, name: "ssh" | "mosh"): Promise<Peer> {
  const dir = temporaryDirectory();
  const environment = cleanEnvironment(dir);
  for (const key of ["host", "client"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(dir, key)]);
  }
  writeFileSync(join(dir, "authorized_keys"), readFileSync(join(dir, "client.pub")), { mode: 0o600 });
  const { tcp: port, udp } = await link.ports();
  if (user.uid === 0) mkdirSync("/run/sshd", { recursive: true });
  writeFileSync(
    join(dir, "sshd_config"),
    [
      `Port ${port}`,
      `ListenAddress ${link.listenAddress}`,
      `HostKey ${join(dir, "host")}`,
      `AuthorizedKeysFile ${join(dir, "authorized_keys")}`,
      `PidFile ${join(dir, "sshd.pid")}`,
      "StrictModes no",
      "PermitRootLogin prohibit-password",
      `UsePAM ${user.uid === 0 ? "yes" : "no"}`,
    ].join("\n"),
  );
  const server = startServer(
    link,
    ["/usr/sbin/sshd", "-D", "-q", "-f", join(dir, "sshd_config")],
    environment,
  );
  await listening(link, port);
  const options = `-p ${port} -i ${join(dir, "client")} -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=${join(dir, "known_hosts")} -o LogLevel=ERROR`;
  const target = `${user.username}@${link.serverAddress}`;
  return {
    name,
    client: link.onClient(
      name === "ssh"
        ? ["ssh", ...options.split(" "), target]
        : [
            "mosh",
            "--predict=never",
            ...(udp ? ["-p", `${udp.first}:${udp.last}`] : []),
            `--ssh=ssh ${options}`,
            target,
          ],
    ),
    environment,
    serverPid: server.pid ?? 0,
    stop: async () => {
      await end(server);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
