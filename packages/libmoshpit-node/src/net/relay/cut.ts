/** A direction of the link: towards the server, or towards the client. */
export type Way = "up" | "down";

/** What a link does not pass; what is absent passes. */
export interface Cut {
  /** Datagrams that go this way are lost. */
  readonly udp?: Way | "both";
  /**
   * Octets that go this way wait, for TCP sends them again; no connection comes about while any way is cut. A client's
   * kernel connects to the relay all the same: to the client such a link is one on which nobody answers.
   */
  readonly tcp?: Way | "both";
}

/** A link on which nothing passes. */
export const ALL: Cut = { udp: "both", tcp: "both" };

export function isCut(what: Cut["udp"], way: Way): boolean {
  return what === "both" || what === way;
}
