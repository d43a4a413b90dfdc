import { Socket } from "node:net";
import process from "node:process";
import {
  HostLink,
  LINK_FEATURES,
  LINK_VERSION,
  LOG_RECORD_LEVELS,
  type HostLinkMessage,
  type Serve,
} from "libmoshpit-node/host-link";
import { forwardingLog, type Log } from "libmoshpit-node/log";
import { preparePty } from "libmoshpit-node/pty";
import { Doorway } from "./doorway.js";
import { SessionHost } from "./session-host.js";
import { HOST_EXIT } from "./stages.js";
import { Uplink } from "./uplink.js";

/** Loads what the first session will need. */
export async function prepare(): Promise<void> {
  await preparePty();
}

/** Serves the user that this process has become, for the listener at the other end of the link and those after it. */
export function serve(linkDescriptor: number): void {
  const stream = new Socket({ fd: linkDescriptor, readable: true, writable: true });
  const uplink = new Uplink();
  const log = logThrough(uplink);
  let host: SessionHost | undefined;
  const link: HostLink = new HostLink(stream, {
    message: (message) => {
      if (host !== undefined) return obey(host, message, link);
      if (message.case !== "serve") process.exit(HOST_EXIT.failed);
      uplink.connect(link);
      host = begin(message.value);
    },
    // With or without an error: sessions outlive their listener.
    ended: () => {
      if (host === undefined) process.exit(HOST_EXIT.done);
      parted(host, link);
    },
  });

  /** Where an error belongs to a session it never comes here; the other sessions are not to die of this one. */
  process.on("uncaughtException", (error) =>
    log.warnLimited("uncaught", `unexpected: ${error.stack ?? error.message}`),
  );
  process.on("SIGTERM", () => host?.endAll("the server is shutting down"));
  for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);
  void prepare().catch((error: unknown) => log.error(`no terminals: ${String(error)}`));

  function begin(message: Serve): SessionHost {
    process.title = `mps-host ${message.user}`;
    let doorway: Doorway | undefined;
    const started = new SessionHost({
      serve: message,
      uplink,
      log,
      exit: () => {
        doorway?.close();
        uplink.close();
        setTimeout(() => process.exit(HOST_EXIT.done), FAREWELL_MS);
      },
    });
    // Before anything is awaited the socket is there: no session runs that the next listener could not find.
    openDoorway(message, started).then(
      (opened) => {
        doorway = opened;
        ready("");
      },
      (error: unknown) => ready(error instanceof Error ? error.message : String(error)),
    );
    return started;
  }

  async function openDoorway({ doorway }: Serve, running: SessionHost): Promise<Doorway | undefined> {
    if (doorway === undefined) return undefined;
    return await Doorway.open(doorway, {
      sessions: () => running.sessions(),
      adopted: (next) => {
        uplink.connect(next);
        running.listenerBack();
      },
      message: (message, from) => obey(running, message, from),
      ended: (former) => parted(running, former),
    });
  }

  function ready(doorwayFault: string): void {
    uplink.send({
      case: "ready",
      value: {
        processId: process.pid,
        uid: process.getuid?.() ?? 0,
        gid: process.getgid?.() ?? 0,
        groups: process.getgroups?.() ?? [],
        version: LINK_VERSION,
        features: [...LINK_FEATURES],
        doorwayFault: doorwayFault.slice(0, MAX_LOG_TEXT),
      },
    });
  }

  function parted(running: SessionHost, from: HostLink): void {
    if (uplink.disconnect(from)) running.listenerGone();
  }

  function obey(running: SessionHost, message: HostLinkMessage, from: HostLink): void {
    if (uplink.link !== from) return;
    switch (message.case) {
      case "openSession":
        void running.open(message.value);
        return;
      case "resumeAttachment":
        running.resume(message.value);
        return;
      case "endSession":
        running.end(message.value.sessionId, message.value.text);
        return;
      default:
        // Sessions are not to die of a listener that breaks the rules.
        from.close();
    }
  }
}

const MAX_LOG_TEXT = 4_000;
const MAX_LOG_WHERE = 200;
/** For what was sent last to leave. */
const FAREWELL_MS = 200;

function logThrough(uplink: Uplink): Log {
  return forwardingLog({
    target: "moshpits::host",
    level: "debug",
    send: ({ level, target, message, where = "" }) =>
      uplink.send({
        case: "logRecord",
        value: {
          level: LOG_RECORD_LEVELS.indexOf(level) + 1,
          target,
          text: message.slice(0, MAX_LOG_TEXT),
          where: where.slice(0, MAX_LOG_WHERE),
        },
      }),
  });
}
