import { execFileSync, spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { firewallCommands } from "../../packages/libmoshpit-node/src/checklist/index.js";
import { loadClientConfig, loadServerConfig } from "../../packages/libmoshpit-node/src/config/index.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { environment, PROGRAMS, type ProgramName } from "./harness/programs.js";
import { World } from "./harness/world.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Run by other tests, or the test run itself. */
const ELSEWHERE: readonly RegExp[] = [
  /^npm run (-s )?demo\b/,
  /^npm test\b/,
  // It would put the programs before the stand-ins here.
  /^export PATH=/,
];

/** The contents of a document's fences in one language. */
function blocks(document: string, language: string): readonly string[] {
  const text = readFileSync(join(root, document), "utf8");
  return [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].flatMap(([, each, body]) =>
    each === language && body !== undefined ? [body] : [],
  );
}

/**
 * A machine for the commands of a document: the real programs, told where this world's server is, and stand-ins for
 * what would change the machine, which note how they were called.
 */
class Machine {
  readonly home: string;
  readonly #world: World;
  readonly #bin: string;

  constructor(world: World) {
    this.#world = world;
    this.home = world.path("home");
    this.#bin = world.path("bin");
    for (const folder of [this.home, this.#bin, world.path("lib")]) mkdirSync(folder);
    for (const name of ["moshpit", "moshpits", "moshpit-keygen"])
      symlinkSync(join(root, "packages", name), world.path(`lib/${name}`));
    this.#standIns();
    this.#programs();
    this.#files();
  }

  /** How the stand-ins were called. */
  get calls(): readonly string[] {
    return readFileSync(this.#world.path("calls"), "utf8").trimEnd().split("\n");
  }

  /** Runs the commands of a fence, to the first that fails. */
  run(block: string): { status: number | null; output: string } {
    const lines = block.split("\n").filter((line) => !ELSEWHERE.some((each) => each.test(line)));
    const script = lines
      .join("\n")
      .replaceAll("/etc/", `${this.#world.path("etc")}/`)
      .replaceAll("-- tar x", `-- tar x -C ${this.#world.path("remote")}`)
      .replaceAll(/alice@[\w.]+/g, `${this.#world.user}@${this.#world.ip}`);
    const { status, stdout, stderr } = spawnSync("bash", ["-euo", "pipefail", "-c", script], {
      cwd: this.home,
      encoding: "utf8",
      input: "",
      timeout: 60_000,
      env: environment(this.#environment()),
    });
    return { status, output: stdout + stderr };
  }

  #environment(): Record<string, string> {
    const { port, udpPorts, path } = { ...this.#world, path: (name: string) => this.#world.path(name) };
    return {
      HOME: this.home,
      PATH: `${this.#bin}:${process.env["PATH"] ?? ""}`,
      MOSHPIT_SERVER_PORT: String(port),
      MOSHPITS_MPS_IP: "127.0.0.2",
      MOSHPITS_MPS_PORT: String(port),
      MOSHPITS_MPS_UDP_PORTS: `${udpPorts.first}-${udpPorts.last}`,
      CALLS: path("calls"),
      AUTHORIZED: path("authorized_keys"),
      LIB: path("lib"),
    };
  }

  #write(name: string, script: string): void {
    const file = join(this.#bin, name);
    writeFileSync(file, `#!/bin/bash\nset -eu\n${script}`);
    chmodSync(file, 0o755);
  }

  #standIns(): void {
    writeFileSync(this.#world.path("calls"), "");
    for (const name of ["systemctl", "loginctl", "ufw", "firewall-cmd", "nft", "iptables"])
      this.#write(name, `echo ${name} "$@" >> "$CALLS"\n`);
    this.#write("npm", `echo npm "$@" >> "$CALLS"\nif [ "$1" = root ]; then echo "$LIB"; fi\n`);
  }

  #programs(): void {
    const real = (name: ProgramName): string => `'${process.execPath}' '${PROGRAMS[name]}'`;
    this.#write("mp", `exec ${real("mp")} "$@"\n`);
    // It would run until it is ended.
    this.#write(
      "mps",
      [
        'case " $* " in *" --check "* | *" config "*) ;; *)',
        `  timeout 3 ${real("mps")} -e "$@" 2> "$HOME/mps.err" && exit 1 || [ $? = 124 ]`,
        '  grep -q "listening on" "$HOME/mps.err" && exit 0; cat "$HOME/mps.err"; exit 1 ;;',
        "esac",
        `exec ${real("mps")} "$@"\n`,
      ].join("\n"),
    );
    // Nobody answers its questions here; and the server's administrator adds every new key of the person.
    this.#write(
      "mp-keygen",
      [
        'case "$*" in generate) set -- generate -nf ;; passwd*) set -- "$@" -n ;; esac',
        `${real("mp-keygen")} "$@"`,
        `case "$*" in *--server*) ;; generate* | import*) ${real("mp-keygen")} export >> "$AUTHORIZED" ;; esac\n`,
      ].join("\n"),
    );
  }

  /** What a person has, and the documents take for granted. */
  #files(): void {
    const etc = this.#world.path("etc/ssh");
    mkdirSync(etc, { recursive: true });
    for (const folder of [".ssh", ".mp", "notes", "src"]) mkdirSync(join(this.home, folder), { mode: 0o700 });
    mkdirSync(this.#world.path("remote"));
    writeFileSync(join(this.home, "notes/one"), "1\n");
    writeFileSync(join(this.home, "src/two"), "2\n");
    for (const file of [join(etc, "ssh_host_ed25519_key"), join(this.home, ".ssh/id_ed25519")])
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
    execFileSync(process.execPath, [PROGRAMS["mp-keygen"], "-q", "generate", "-n", "-o", "id_ed25519"], {
      cwd: this.home,
    });
    copyFileSync(this.#world.path("known_hosts"), join(this.home, ".mp/known_hosts"));
    appendFileSync(this.#world.path("calls"), "");
  }
}

const hasSshKeygen = spawnSync("ssh-keygen", ["-?"]).error === undefined;

describe.skipIf(!hasSshKeygen).each(["README.md", "docs/mp.md", "docs/mps.md"])(
  "the commands of %s",
  (document) => {
    let world: World;
    let machine: Machine;

    beforeAll(async () => {
      world = await World.make();
      machine = new Machine(world);
    });

    afterAll(async () => {
      await world.remove();
    });

    it("run", () => {
      for (const block of blocks(document, "sh")) {
        const { status, output } = machine.run(block);
        expect([block, output, status]).toEqual([block, output, 0]);
      }
    });

    it("did what the document says", () => {
      const present = (name: string): boolean => existsSync(world.path(name));
      const calls = machine.calls;
      if (document === "docs/mps.md") {
        const ports = { tcp: 40_404, udpFirst: 50_000, udpLast: 59_999 };
        const firewall = firewallCommands(ports).flatMap((line) => line.split(" && "));
        expect(calls.filter((call) => /^(ufw|firewall-cmd|nft|iptables)/.test(call))).toEqual(firewall);
        expect(present("etc/systemd/system/moshpits.service")).toBe(true);
        expect(present("etc/moshpits/moshpits.toml")).toBe(true);
        expect(calls).toContain("systemctl enable --now moshpits");
        expect(present("home/.mp/mps_host_ed25519_key")).toBe(true);
      } else {
        expect(present(document === "README.md" ? "remote/src/two" : "remote/notes/one")).toBe(true);
        expect(present("home/.mp/id_ed25519.pub")).toBe(true);
      }
      for (const call of calls.filter((each) => each.startsWith("npm install")))
        for (const name of call.split(" ").slice(3))
          expect(existsSync(join(root, "packages", name.replace("@latest", ""), "package.json"))).toBe(true);
    });

    it("have configuration files that are read", async () => {
      const load = document === "docs/mps.md" ? loadServerConfig : loadClientConfig;
      for (const block of blocks(document, "toml")) {
        const path = world.path("block.toml");
        writeFileSync(path, block);
        const loaded = await load({ argv: ["-c", path, "config"], env: {}, cwd: "/", home: machine.home });
        expect([block, loaded]).toEqual([block, expect.objectContaining({ status: 0 })]);
      }
    });
  },
);
