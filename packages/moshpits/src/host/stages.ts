/** The link to the listener: a stream that is open when the host starts. */
export const LINK_DESCRIPTOR = 3;

/**
 * How a host ends before it can speak. The listener turns the status into words; what went wrong is nobody's business
 * on a standard error that is closed.
 */
export const HOST_EXIT = {
  done: 0,
  badUserLine: 71,
  notThisUser: 72,
  couldNotBecome: 73,
  couldReturn: 74,
  couldNotLoad: 75,
  failed: 76,
  inheritsCapabilities: 77,
} as const;

/** What the statuses mean, for the log. */
export const HOST_EXIT_TEXTS: ReadonlyMap<number, string> = new Map([
  [HOST_EXIT.badUserLine, "was told no user"],
  [HOST_EXIT.notThisUser, "can serve only the user who runs mps"],
  [HOST_EXIT.couldNotBecome, "could not take on the user's ids and groups"],
  [HOST_EXIT.couldReturn, "could have become root again, so it ended itself"],
  [
    HOST_EXIT.couldNotLoad,
    "could not load its program: the user must be able to read the folder that mps is installed in",
  ],
  [HOST_EXIT.failed, "failed"],
  [
    HOST_EXIT.inheritsCapabilities,
    "would have kept inheritable capabilities of root's: start mps with setpriv --inh-caps=-all mps",
  ],
]);
