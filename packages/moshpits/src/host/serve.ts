import { Socket } from "node:net";
import process from "node:process";
import { HostLink, LOG_RECORD_LEVELS, type HostLinkMessage } from "libmoshpit-node/host-link";
import { forwardingLog } from "libmoshpit-node/log";
import { preparePty } from "libmoshpit-node/pty";
import { SessionHost } from "./session-host.js";
import { HOST_EXIT } from "./stages.js";

/** Loads what the first session will need. */
export async function prepare(): Promise<void> {
  await preparePty();
}

/** Serves the user that this process has become, for the listener at the other end of the link. */
export function serve(linkDescriptor: number): void {
  const stream = new Socket({ fd: linkDescriptor, readable: true, writable: true });
  let host: SessionHost | undefined;
  const link: HostLink = new HostLink(stream, {
    message: (message) => {
      host = received(host, message, link);
    },
    // With or without an error: sessions outlive their listener.
    ended: () => {
      if (host === undefined) process.exit(HOST_EXIT.done);
      host.listenerGone();
    },
  });
  const log = forwardingLog({
    target: "moshpits::host",
    level: "debug",
    send: ({ level, target, message, where = "" }) =>
      link.send({
        case: "logRecord",
        value: {
          level: LOG_RECORD_LEVELS.indexOf(level) + 1,
          target,
          text: message.slice(0, MAX_LOG_TEXT),
          where: where.slice(0, MAX_LOG_WHERE),
        },
      }),
  });

  /** Where an error belongs to a session it never comes here; the other sessions are not to die of this one. */
  process.on("uncaughtException", (error) =>
    log.warnLimited("uncaught", `unexpected: ${error.stack ?? error.message}`),
  );
  process.on("SIGTERM", () => host?.endAll("the server is shutting down"));
  for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);
  void prepare().catch((error: unknown) => log.error(`no terminals: ${String(error)}`));

  function received(
    running: SessionHost | undefined,
    message: HostLinkMessage,
    to: HostLink,
  ): SessionHost | undefined {
    if (running === undefined) {
      if (message.case !== "serve") process.exit(HOST_EXIT.failed);
      process.title = `mps-host ${message.value.user}`;
      const started = new SessionHost({ serve: message.value, link: to, log, exit: () => leave(to) });
      to.send({
        case: "ready",
        value: {
          processId: process.pid,
          uid: process.getuid?.() ?? 0,
          gid: process.getgid?.() ?? 0,
          groups: process.getgroups?.() ?? [],
        },
      });
      return started;
    }
    switch (message.case) {
      case "openSession":
        void running.open(message.value);
        return running;
      case "resumeAttachment":
        running.resume(message.value);
        return running;
      case "endSession":
        running.end(message.value.sessionId, message.value.text);
        return running;
      default:
        process.exit(HOST_EXIT.failed);
    }
  }
}

const MAX_LOG_TEXT = 4_000;
const MAX_LOG_WHERE = 200;
/** For what was sent last to leave. */
const FAREWELL_MS = 200;

function leave(link: HostLink): void {
  link.close();
  setTimeout(() => process.exit(HOST_EXIT.done), FAREWELL_MS);
}
