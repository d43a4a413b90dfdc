import { setTimeout as sleep } from "node:timers/promises";
import type { Granted } from "../handshake.js";
import { Session, type SessionEnd } from "../session.js";

/** What became of octets that were sent to come back. */
export type Round =
  /** They came back, all and unchanged. */
  | { readonly kind: "same" }
  /** Not all came back in time. */
  | { readonly kind: "late"; readonly octets: number }
  /** Others came back, or the program said something. */
  | { readonly kind: "other"; readonly text: string }
  | { readonly kind: "ended"; readonly end: SessionEnd };

/** The remote command that sends back what it gets. */
export const ECHO_COMMAND = "cat";

/** A session whose remote program sends back what it gets. */
export class Echo {
  readonly #session: Session;
  #received: Uint8Array[] = [];
  #count = 0;
  #error = "";
  #changed: () => void = () => undefined;

  private constructor(session: Session) {
    this.#session = session;
  }

  static async open(granted: Granted): Promise<Echo> {
    const early: [Uint8Array, boolean][] = [];
    let take = (bytes: Uint8Array, standardError: boolean): void => void early.push([bytes, standardError]);
    const listener = {
      output: (bytes: Uint8Array, standardError: boolean, taken: () => void): void => {
        take(Uint8Array.from(bytes), standardError);
        taken();
      },
      drain: () => undefined,
      silent: () => undefined,
      established: () => undefined,
      heard: () => undefined,
      unreachable: () => undefined,
    };
    const session = await Session.start(granted, listener);
    const echo = new Echo(session);
    take = (bytes, standardError) => echo.#take(bytes, standardError);
    for (const each of early) take(...each);
    return echo;
  }

  /** Sends the octets and waits until as many came back, at most `timeoutMs`. */
  async round(octets: Uint8Array, timeoutMs: number): Promise<Round> {
    [this.#received, this.#count] = [[], 0];
    this.#session.write(octets);
    const late = sleep(timeoutMs, "late" as const, { ref: false });
    while (this.#count < octets.length && this.#error === "") {
      const changed = new Promise<"changed">((resolve) => (this.#changed = () => resolve("changed")));
      const what = await Promise.race([changed, late, this.#session.ended]);
      if (what === "late") return { kind: "late", octets: this.#count };
      if (what !== "changed") return { kind: "ended", end: what };
    }
    const back = Buffer.concat(this.#received);
    if (this.#error === "" && back.equals(octets)) return { kind: "same" };
    return { kind: "other", text: this.#error === "" ? back.toString("utf8") : this.#error };
  }

  /** Ends the input, and with it the remote program; after `timeoutMs` the session. */
  async close(timeoutMs: number): Promise<SessionEnd> {
    this.#session.endInput();
    const late = sleep(timeoutMs, undefined, { ref: false });
    const end = await Promise.race([this.#session.ended, late]);
    if (end !== undefined) return end;
    this.#session.quit();
    return await this.#session.ended;
  }

  #take(bytes: Uint8Array, standardError: boolean): void {
    if (standardError) {
      this.#error += new TextDecoder().decode(bytes);
    } else {
      this.#received.push(bytes);
      this.#count += bytes.length;
    }
    this.#changed();
  }
}
