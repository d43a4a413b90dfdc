import { randomBytes } from "node:crypto";
import type { Checklist } from "libmoshpit-node/checklist";
import { formatEndpoint } from "libmoshpit-node/net";
import type { Granted } from "../handshake.js";
import type { SessionEnd } from "../session.js";
import { Echo, type Round } from "./echo.js";
import { udpRemedies } from "./remedies.js";
import { Stop, took } from "./step.js";

/** For a few octets to come back, and for some datagrams of full size; milliseconds. */
const SMALL_TIMEOUT_MS = 10_000;
const LARGE_TIMEOUT_MS = 15_000;
const CLOSE_TIMEOUT_MS = 3_000;
/** Some datagrams of full size each way, whatever is left of them for data. */
const LARGE_OCTETS = 6_000;

/** Whether datagrams pass both ways, small ones first, then those of full size. Ends the session. */
export async function checkUdp(
  list: Checklist,
  granted: Granted,
  tcpPort: number,
  signal: AbortSignal,
): Promise<void> {
  const where = formatEndpoint(granted.address.address, granted.session.udpPort);
  list.lap();
  const echo = await Echo.open(granted);
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
  try {
    const small = await Promise.race([echo.round(randomBytes(16), SMALL_TIMEOUT_MS), aborted]);
    if (small.kind !== "same") refuse(list, where, udpRemedies(granted.session.udpPort, tcpPort), small);
    list.ok("UDP", `${where}: datagrams come through both ways (${took(list)})`);
    const large = await Promise.race([echo.round(randomBytes(LARGE_OCTETS), LARGE_TIMEOUT_MS), aborted]);
    const ip = granted.address.family === 6 ? 48 : 28;
    if (large.kind === "same") {
      list.ok("path MTU", `datagrams of ${1200 + ip} octets pass both ways (${took(list)})`);
    } else {
      list.fail(
        "path MTU",
        `small datagrams pass, those of ${1200 + ip} octets do not, or not reliably: ${outcome(large)} (${took(list)})`,
        `ping -M do -s ${1200 + ip - 28} ${granted.address.address} shows it; set the MTU of the VPN or tunnel on the way to 1280 at least`,
      );
    }
  } finally {
    await closeSession(list, echo);
  }
}

function refuse(list: Checklist, where: string, remedies: readonly string[], round: Round): never {
  if (round.kind === "other") {
    list.fail(
      "UDP",
      `datagrams come through, but the remote program is not cat: ${round.text.slice(0, 200)}`,
    );
  } else {
    list.fail("UDP", `${where}: ${outcome(round)} (${took(list)})`, ...remedies);
  }
  throw new Stop();
}

async function closeSession(list: Checklist, echo: Echo): Promise<void> {
  const end = await echo.close(CLOSE_TIMEOUT_MS);
  if (list.failures > 0) return;
  if (end.kind === "exited") list.ok("session", `opened and ended (${took(list)})`);
  else list.warn("session", `did not end as it should: ${endText(end)} (${took(list)})`);
}

function outcome(round: Round): string {
  switch (round.kind) {
    case "same":
      return "everything came back";
    case "late":
      return round.octets === 0 ? "nothing comes back" : `only ${round.octets} octets came back`;
    case "other":
      return "something else came back";
    case "ended":
      return `the session ended: ${endText(round.end)}`;
  }
}

function endText(end: SessionEnd): string {
  return end.kind === "ended" ? `${end.reason}${end.text === undefined ? "" : `, ${end.text}`}` : end.kind;
}
