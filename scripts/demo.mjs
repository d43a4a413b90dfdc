// `npm run demo`: installs, builds, makes throw-away keys, starts a private mps on loopback and opens a session to it.
// Only Node's own modules until that is installed.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { bootstrap } from "./bootstrap.mjs";
import { parseArguments, USAGE } from "./demo/arguments.mjs";
import { environment, World } from "./demo/world.mjs";

const say = (text) => process.stderr.write(`demo: ${text}\n`);

async function main() {
  const wanted = parseArguments(process.argv.slice(2));
  if (wanted.problem !== undefined) {
    say(wanted.problem);
    return 255;
  }
  if (wanted.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  bootstrap();
  if (wanted.link !== undefined) {
    const { LINK_PROFILES } = await import("../packages/libmoshpit-node/dist/net/index.js");
    if (wanted.link === "list") {
      for (const [name, { about }] of Object.entries(LINK_PROFILES))
        console.log(`${name.padEnd(10)} ${about}`);
      return 0;
    }
    if (!(wanted.link in LINK_PROFILES)) {
      say(`no network ${wanted.link}: there are ${Object.keys(LINK_PROFILES).join(", ")}`);
      return 255;
    }
    say(`through ${LINK_PROFILES[wanted.link].about}`);
  }
  return await inWorld(wanted);
}

/** A signal that comes before there is an mp to pass it on to ends the demo; one that comes later ends mp. */
async function inWorld(wanted) {
  let world;
  let child;
  let signalled;
  const onSignal = (signal) => {
    signalled ??= signal;
    if (signal !== "SIGINT") child?.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, onSignal);
  const statusOf = (signal) => 128 + constants.signals[signal];
  try {
    world = await World.make(wanted);
    if (signalled !== undefined) return statusOf(signalled);
    if (wanted.command === undefined && !process.stdin.isTTY) return await scripted(world, () => signalled);
    if (wanted.command === undefined) say(`${world.about}; leave with exit, or Ctrl-^ and then a period`);
    const command = wanted.command === undefined ? [] : ["--", ...wanted.command];
    child = spawn(world.mp, [...world.mpArguments, ...command], { stdio: "inherit", env: environment() });
    world.endLater(child.pid);
    const { code, signal } = await ended(child);
    return signal === null ? code : statusOf(signal);
  } catch (error) {
    // Ctrl-C at a terminal reaches what is being started, too: that it failed then is no news.
    if (signalled !== undefined) return statusOf(signalled);
    throw error;
  } finally {
    await world?.remove();
  }
}

async function scripted(world, signalled) {
  const { runScripted } = await import("./demo/scripted.mjs");
  say(`${world.about}; no terminal here: a short scripted session`);
  const stop = new Promise((_, reject) => {
    const poll = setInterval(() => signalled() !== undefined && reject(new Error("interrupted")), 50);
    poll.unref();
  });
  const { screen, status } = await Promise.race([runScripted(world), stop]);
  process.stdout.write(`${screen}\n`);
  return status;
}

function ended(child) {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
}

main().then(
  (status) => process.exit(status),
  (error) => {
    say(error instanceof Error ? error.message : String(error));
    process.exit(255);
  },
);
