import { spawn, type ChildProcess } from "node:child_process";
import type { Duplex } from "node:stream";
import type { Account } from "libmoshpit-node/users";
import { HOST_EXIT, HOST_EXIT_TEXTS } from "../host/stages.js";
import { identityOfProcess, type ProcessIdentity } from "./process-identity.js";

/** How a host's process ended; `isUsual` where it had nothing left to do. */
export interface HostExit {
  readonly what: string;
  readonly isUsual: boolean;
}

/** A host's process that this listener has started: nobody's at first, then one user's. */
export class SpareHost {
  readonly #child: ChildProcess;
  readonly #stream: Duplex;
  readonly #identity: ProcessIdentity;
  #hasEnded = false;

  /** `path`: the script of the host. `ended` is called once, also where it could not be started. */
  constructor(path: string, ended: (exit: HostExit) => void) {
    const end = (exit: HostExit): void => {
      if (this.#hasEnded) return;
      this.#hasEnded = true;
      ended(exit);
    };
    this.#child = spawn(process.execPath, [path], {
      // Its own session: what ends the listener does not end it.
      detached: true,
      stdio: ["ignore", "ignore", "ignore", "pipe"],
      cwd: "/",
      env: {},
    });
    this.#child.unref();
    this.#child.on("error", (error) =>
      end({ what: `could not be started: ${error.message}`, isUsual: false }),
    );
    this.#child.on("exit", (code, signal) => end(exitOf(code, signal)));
    this.#identity = identityOfProcess(this.#child.pid ?? 0);
    this.#stream = this.#child.stdio[3] as Duplex;
    // Until it is somebody's it says nothing; its end shows as an exit.
    this.#stream.on("error", () => undefined);
  }

  /** Whether it can become somebody's. */
  get isOpen(): boolean {
    return !this.#hasEnded;
  }

  get process(): ProcessIdentity {
    return this.#identity;
  }

  /** Makes it the user's: the stream on which it takes frames from now on. */
  assign({ name, uid, gid }: Account): Duplex {
    this.#stream.write(`${JSON.stringify({ user: name, uid, gid })}\n`);
    return this.#stream;
  }

  /** Ends it, whatever it does. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Lets go of it: one that is nobody's ends. */
  release(): void {
    this.#hasEnded = true;
    this.#stream.destroy();
  }
}

function exitOf(code: number | null, signal: NodeJS.Signals | null): HostExit {
  if (signal !== null) return { what: `was ended by ${signal}`, isUsual: false };
  const what = HOST_EXIT_TEXTS.get(code ?? 0) ?? `ended with status ${code}`;
  return { what, isUsual: code === HOST_EXIT.done };
}
