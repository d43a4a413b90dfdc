import { equalBytes } from "libmoshpit/util";
import { fingerprint, KeyFileError, KnownHosts, type HostKeyCheck } from "libmoshpit-node/keys";
import { Failure, Interrupted } from "./failure.js";
import type { HostKeyJudge } from "./handshake.js";
import type { HostKeyQuestion } from "./ui/host-key-question.js";

/** Whom a host key is to belong to, and what the person said of it beforehand. */
export interface TrustSettings {
  readonly host: string;
  readonly port: number;
  /** `SHA256:…`: this key and no other. */
  readonly pinned: string | undefined;
  readonly acceptNew: boolean;
}

/** What to do about a host key. */
export type Verdict =
  | { readonly kind: "trust" }
  /** Trust, and remember. */
  | { readonly kind: "trust-new" }
  | { readonly kind: "ask" }
  | { readonly kind: "refuse"; readonly why: string };

/** Decides by what is known; `path`: the file that `known` comes from. */
export function judgeHostKey(
  hostKey: Uint8Array,
  known: HostKeyCheck,
  settings: TrustSettings,
  path: string,
): Verdict {
  const offered = fingerprint(hostKey);
  if (known.kind === "changed") return { kind: "refuse", why: changedKey(offered, known, settings, path) };
  if (settings.pinned !== undefined && settings.pinned !== offered) {
    const why = `the host key of ${settings.host} is ${offered}, not ${settings.pinned} as --host-fingerprint demands: compare with the server's own (mp-keygen fingerprint there)`;
    return { kind: "refuse", why };
  }
  if (known.kind === "trusted") return { kind: "trust" };
  return { kind: settings.pinned !== undefined || settings.acceptNew ? "trust-new" : "ask" };
}

function changedKey(
  offered: string,
  known: Extract<HostKeyCheck, { kind: "changed" }>,
  { host }: TrustSettings,
  path: string,
): string {
  return [
    `THE HOST KEY OF ${host.toUpperCase()} HAS CHANGED. Somebody may be listening in, or the server was given a new key.`,
    `It is now ${offered}; ${path}:${known.line} knows ${known.known}.`,
    `If the server's administrator confirms the new key, remove line ${known.line} of ${path} (sed -i ${known.line}d ${path}) and connect again.`,
  ].join("\nmp: ");
}

/** Later handshakes of a session: its server has shown its key, and no other will do. */
export class SameHostKey implements HostKeyJudge {
  readonly #host: string;
  readonly #hostKey: Uint8Array;

  constructor(host: string, hostKey: Uint8Array) {
    this.#host = host;
    this.#hostKey = hostKey;
  }

  accepts(hostKey: Uint8Array): Promise<boolean> {
    if (equalBytes(hostKey, this.#hostKey)) return Promise.resolve(true);
    return Promise.reject(
      new Failure(
        `the host key of ${this.#host} is ${fingerprint(hostKey)} now, this session's is ${fingerprint(this.#hostKey)}: another machine answers`,
      ),
    );
  }

  /** Never asked: `accepts` refuses. */
  async confirm(hostKey: Uint8Array): Promise<void> {
    await this.accepts(hostKey);
  }
}

/** What the person decided, for the rest of this run. */
export class HostTrust implements HostKeyJudge {
  readonly #settings: TrustSettings;
  readonly #path: string;
  readonly #question: HostKeyQuestion;
  readonly #warn: (text: string) => void;
  /** Confirmed by the person; the next handshake must show exactly this. */
  #confirmed: Uint8Array | undefined;

  constructor(
    settings: TrustSettings,
    path: string,
    question: HostKeyQuestion,
    warn: (text: string) => void,
  ) {
    this.#settings = settings;
    this.#path = path;
    this.#question = question;
    this.#warn = warn;
  }

  /** In the middle of a handshake: `true` to go on, `false` to close it and call `confirm`. Throws `Failure`. */
  async accepts(hostKey: Uint8Array): Promise<boolean> {
    if (this.#confirmed !== undefined) {
      if (equalBytes(this.#confirmed, hostKey)) return true;
      throw new Failure(
        `${this.#settings.host} showed another host key than a moment ago: do not trust this network`,
      );
    }
    const known = await this.#load();
    const check = known.check(this.#settings.host, this.#settings.port, hostKey);
    const verdict = judgeHostKey(hostKey, check, this.#settings, this.#path);
    switch (verdict.kind) {
      case "trust":
        return true;
      case "trust-new":
        await this.#remember(known, hostKey);
        return true;
      case "ask":
        return false;
      case "refuse":
        throw new Failure(verdict.why);
    }
  }

  /** Between two handshakes: asks, and remembers. Throws `Failure` where the answer is no or nobody can be asked. */
  async confirm(hostKey: Uint8Array): Promise<void> {
    const { host } = this.#settings;
    switch (await this.#question(host, hostKey)) {
      case "yes":
        break;
      case "no":
        throw new Failure(`the host key of ${host} was not confirmed, nothing was sent`);
      case "cancelled":
        throw new Interrupted(130);
      case "nobody":
        throw new Failure(
          `${host} is not known yet (${fingerprint(hostKey)}) and there is no terminal to ask: add --host-fingerprint ${fingerprint(hostKey)} if that is its key, or --accept-new-host-key`,
        );
    }
    await this.#remember(await this.#load(), hostKey);
    this.#confirmed = hostKey;
  }

  async #load(): Promise<KnownHosts> {
    try {
      return await KnownHosts.load(this.#path);
    } catch (error) {
      throw error instanceof KeyFileError ? new Failure(error.message) : error;
    }
  }

  /** A file that can not be written is no reason to refuse what was just confirmed. */
  async #remember(known: KnownHosts, hostKey: Uint8Array): Promise<void> {
    try {
      await known.add(this.#settings.host, this.#settings.port, hostKey);
    } catch (error) {
      if (!(error instanceof KeyFileError)) throw error;
      if (error.code === "host-key-changed") throw new Failure(error.message);
      this.#warn(`the host key is not remembered: ${error.message}`);
    }
  }
}
