import { once } from "node:events";
import { homedir } from "node:os";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { loadClientConfig, type ClientConfig } from "libmoshpit-node/config";
import { openLog, type Log } from "libmoshpit-node/log";
import { formatEndpoint } from "libmoshpit-node/net";
import { inBackgroundOf, terminalSize, TerminalGuard, withoutWaiting } from "libmoshpit-node/tty";
import { offeredSuites } from "./cipher-suites.js";
import { Failure, Interrupted, OWN_ERROR } from "./failure.js";
import { requestSession, type Granted, type HandshakeOptions } from "./handshake.js";
import { HostTrust, SameHostKey } from "./host-trust.js";
import { loadIdentity } from "./identity.js";
import type { LocalInput } from "./local/input.js";
import { LocalOutput } from "./local/output.js";
import { PipeInput } from "./local/pipe-input.js";
import { TerminalInput } from "./local/terminal-input.js";
import { accountName, nameOnServer } from "./login-name.js";
import { openRequest, wantsTerminal } from "./request.js";
import { Resumption } from "./resumption.js";
import { Session, type SessionEnd } from "./session.js";
import { onEndingSignal, statusOfSignal } from "./signals.js";
import type { Target } from "./ui/explain.js";
import { askAboutHostKey } from "./ui/host-key-question.js";

/** Runs `mp` with these arguments; the exit status, once everything is written and the terminal is given back. */
export async function run(argv: readonly string[]): Promise<number> {
  const loaded = await loadClientConfig({ argv, env: process.env, cwd: process.cwd(), home: homedir() });
  if (loaded.kind === "print" || loaded.config.doctor) {
    // What is printed is all there is to do: mp config | head.
    process.stdout.on("error", () => process.exit(statusOfSignal("SIGPIPE")));
  }
  if (loaded.kind === "print") {
    (loaded.status === 0 ? process.stdout : process.stderr).write(loaded.text);
    return loaded.status;
  }
  if (loaded.config.doctor) return (await import("./doctor/doctor.js")).doctor(loaded);
  for (const warning of loaded.warnings) process.stderr.write(`mp: ${warning}\n`);
  const log = openLog(loaded.config.log, { target: "moshpit", role: "client" });
  try {
    return await new Client(loaded.config, log, loaded.sources.has("public_key_path")).run();
  } finally {
    await log.close();
  }
}

/** Long enough for two changes of size to be two. */
const REDRAW_MS = 100;

/** How long the last words of mp may take to be read; milliseconds. */
const FAREWELL_MS = 300;

/** One connection from its configuration to its end. */
class Client {
  readonly #config: ClientConfig;
  #log: Log;
  /** Aborted with the reason for leaving before the remote program did. */
  readonly #leave = new AbortController();
  readonly #guard: TerminalGuard | undefined;
  readonly #publicKeyGiven: boolean;
  readonly #withTerminal: boolean;
  readonly #inputEmpty: boolean;
  readonly #output: LocalOutput;
  #input: LocalInput | undefined;
  #session: Session | undefined;

  /** `publicKeyGiven`: the path of the public key is not the default. */
  constructor(config: ClientConfig, log: Log, publicKeyGiven: boolean) {
    this.#config = config;
    this.#log = log;
    this.#publicKeyGiven = publicKeyGiven;
    const { stdin } = process;
    const stdout = withoutWaiting(process.stdout, 1);
    const stdoutIsTerminal = process.stdout.isTTY;
    // `mp host -- command &`: to read the terminal or to change its modes would stop the job.
    this.#inputEmpty = config.command !== undefined && !config.tty && stdin.isTTY && inBackgroundOf(0);
    this.#withTerminal = wantsTerminal({
      forced: config.tty,
      command: config.command,
      stdinIsTerminal: stdin.isTTY && !this.#inputEmpty,
      stdoutIsTerminal,
    });
    if (this.#withTerminal && stdin.isTTY) {
      this.#guard = new TerminalGuard(stdin, stdoutIsTerminal ? stdout : undefined);
    }
    const gone = (): void => this.#interrupt(statusOfSignal("SIGPIPE"));
    this.#output = new LocalOutput(stdout, withoutWaiting(process.stderr, 2), this.#guard, gone);
  }

  async run(): Promise<number> {
    onEndingSignal((status) => this.#interrupt(status));
    try {
      return await this.#connect();
    } catch (error) {
      this.#input?.stop();
      if (error instanceof Interrupted) return error.status;
      if (!(error instanceof Failure)) throw error;
      this.#log.error(error.message);
      this.#output.say(error.message);
      return error.status;
    } finally {
      this.#input?.stop();
      this.#log.setRaw(false);
      // What the remote program wrote is out by now, or nobody takes it: only words of mp itself may be left.
      await Promise.race([this.#output.flushed(), sleep(FAREWELL_MS)]);
    }
  }

  async #connect(): Promise<number> {
    const { destination, serverPort, privateKeyPath, publicKeyPath } = this.#config;
    const user = destination.user ?? nameOnServer(accountName());
    const target: Target = { user, host: destination.host, port: serverPort };
    const identity = await loadIdentity(privateKeyPath, {
      path: publicKeyPath,
      given: this.#publicKeyGiven,
    });
    this.#leave.signal.throwIfAborted();
    const input = (this.#input = this.#openInput());
    const common = {
      target,
      identity,
      cipherSuites: offeredSuites(this.#config.cipherSuite),
    };
    const granted = await requestSession({
      ...common,
      trust: this.#trust(target),
      request: { case: "open", value: openRequest(process.env, this.#config.command, this.#terminalSize()) },
      signal: this.#leave.signal,
      waiting: () =>
        this.#output.say(`waiting for ${formatEndpoint(target.host, serverPort)} to answer the handshake …`),
    });
    this.#log = this.#log.forSession(granted.session.sessionName);
    this.#log.info(`opened as ${user} on ${udpEndpoint(granted)}`);
    const again = {
      ...common,
      trust: new SameHostKey(target.host, granted.hostKey),
      waiting: () => undefined,
    };
    const end = await this.#converse(granted, input, again);
    this.#log.info(`ended: ${end.kind}`);
    return this.#conclude(end, granted);
  }

  #openInput(): LocalInput {
    const guard = this.#guard;
    if (guard === undefined) return new PipeInput(this.#inputEmpty ? Readable.from([]) : process.stdin);
    this.#log.setRaw(true);
    return new TerminalInput(process.stdin, guard, {
      quit: () => this.#quit(),
      interrupt: () => this.#interrupt(statusOfSignal("SIGINT")),
      continued: () => this.#redraw(),
      bell: () => this.#output.bell(),
    });
  }

  #trust(target: Target): HostTrust {
    const { hostFingerprint: pinned, acceptNewHostKey: acceptNew, knownHosts } = this.#config;
    const settings = { host: target.host, port: target.port, pinned, acceptNew };
    return new HostTrust(
      settings,
      knownHosts,
      async (host, hostKey) => {
        this.#input?.pause();
        const answer = await askAboutHostKey(host, hostKey);
        this.#input?.resume();
        return answer;
      },
      (text) => this.#output.say(text),
    );
  }

  /** `again`: how later handshakes are made. */
  async #converse(
    granted: Granted,
    input: LocalInput,
    again: Omit<HandshakeOptions, "request" | "signal">,
  ): Promise<SessionEnd> {
    const { signal } = this.#leave;
    signal.throwIfAborted();
    let resumption: Resumption | undefined;
    const session = (this.#session = await Session.start(granted, {
      output: (bytes, standardError, taken) => this.#output.write(bytes, standardError, taken),
      drain: () => input.drained(),
      silent: () => this.#output.say(silence(granted)),
      established: () => (resumption = this.#resumption(session, again)),
      heard: () => resumption?.heard(),
      unreachable: () => resumption?.unreachable(),
    }));
    const leave = (): void => session.quit();
    signal.addEventListener("abort", leave);
    if (signal.aborted) leave();
    process.on("SIGWINCH", this.#resized);
    input.attach({
      write: (bytes) => {
        session.write(bytes);
        resumption?.typed();
      },
      end: () => session.endInput(),
      get bufferedAmount() {
        return session.bufferedAmount;
      },
    });
    // The size may have changed since it was asked for.
    this.#resized();
    const end = await session.ended;
    resumption?.stop();
    process.off("SIGWINCH", this.#resized);
    this.#session = undefined;
    // A person who quits does not wait for a terminal that takes no output, and may still quit while others wait.
    if (end.kind !== "quit") await Promise.race([this.#output.flushed(), once(signal, "abort")]);
    signal.throwIfAborted();
    input.stop();
    return end;
  }

  #resumption(session: Session, again: Omit<HandshakeOptions, "request" | "signal">): Resumption {
    return new Resumption({
      session,
      maxBackoffSeconds: this.#config.maxReconnectBackoffSecs,
      handshake: (request, signal) => requestSession({ ...again, request, signal }),
      log: this.#log,
    });
  }

  #conclude(end: SessionEnd, granted: Granted): number {
    switch (end.kind) {
      case "exited":
        return "code" in end.status ? end.status.code : statusOfSignal(end.status.signal);
      case "quit":
        this.#output.say(
          end.acknowledged ? "quit" : "quit; the server did not answer and may keep the session a while",
        );
        return OWN_ERROR;
      case "ended":
        throw new Failure(`the server ended the session${end.text === undefined ? "" : `: ${end.text}`}`);
      case "no-udp":
        throw new Failure(
          `no answer over UDP from ${udpEndpoint(granted)} in ${granted.session.firstDatagramSeconds} s: open the server's UDP ports (udp_ports, 50000-59999 unless changed) in the firewalls on the way`,
        );
      case "gone":
        throw new Failure(end.text, "gone");
      case "limit":
        throw new Failure("the connection is used up: connect again");
    }
  }

  #terminalSize(): ReturnType<typeof terminalSize> | undefined {
    return this.#withTerminal ? terminalSize() : undefined;
  }

  readonly #resized = (): void => {
    const size = this.#terminalSize();
    if (size !== undefined) this.#session?.resize(size);
  };

  /** Has a full-screen program paint anew: it does so when the size changes, so the size changes for a moment. */
  #redraw(): void {
    const size = this.#terminalSize();
    if (size !== undefined) this.#session?.resize({ ...size, rows: Math.max(1, size.rows - 1) });
    setTimeout(this.#resized, REDRAW_MS);
  }

  /** `Ctrl-^ .`: at once where there is no session yet. */
  #quit(): void {
    if (this.#session !== undefined) this.#session.quit();
    else {
      this.#output.say("quit");
      this.#interrupt(OWN_ERROR);
    }
  }

  #interrupt(status: number): void {
    this.#leave.abort(new Interrupted(status));
  }
}

function silence(granted: Granted): string {
  return `no answer over UDP from ${udpEndpoint(granted)} yet: is UDP (udp_ports, 50000-59999 unless changed) open there? Waiting up to ${granted.session.firstDatagramSeconds} s, Ctrl-^ . quits`;
}

function udpEndpoint({ address, session }: Granted): string {
  return formatEndpoint(address.address, session.udpPort);
}
