import type { OpenSessionInit, ResumeAttachmentInit } from "libmoshpit-node/host-link";
import { RejectCode } from "libmoshpit/wire";

/** What the listener knows of a session. */
export interface KnownSession {
  readonly sessionId: Uint8Array;
  readonly attachmentId: Uint8Array;
  /** Of the key that opened it. */
  readonly keyFingerprint: string;
  readonly sessionName: string;
}

/** A request to open, with all that the listener has to remember. */
export type HostOpenRequest = OpenSessionInit & Omit<KnownSession, "sessionName">;
/** A request to resume, with the id that the answer names. */
export type HostResumeRequest = ResumeAttachmentInit & {
  readonly connection: { readonly connectionId: bigint };
};

/** A session could not be opened or resumed; `code` is for the client, the message for the log. */
export class OpenError extends Error {
  override readonly name = "OpenError";
  readonly code: RejectCode;
  /** The host ended before it took the request: another may take it. */
  readonly mayRetry: boolean;

  constructor(code: RejectCode, message: string, mayRetry = false) {
    super(message);
    this.code = code;
    this.mayRetry = mayRetry;
  }
}

/** The code that a host named, if it is one. */
export function rejectCodeOf(value: number): RejectCode {
  const known = Object.values(RejectCode).find((code) => code === (value as RejectCode) && code !== 0);
  return known ?? RejectCode.INTERNAL;
}
