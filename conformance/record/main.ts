import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { World } from "../../test/e2e/harness/world.js";
import { Role } from "../src/gen/moshpit/conformance/v1/testee_pb.js";
import { Mischief } from "../src/gen/moshpit/conformance/v1/trace_pb.js";
import { RecordedClient } from "./recorded-client.js";
import { headKeys } from "./recorder.js";
import { SCENARIOS, type MischiefName, type Scenario } from "./scenarios.js";

// Records sessions with a real mps and real programs over bad networks. `node scripts/record-traces.mjs [name …]`.

const folder = fileURLToPath(new URL("../../traces/", import.meta.url));

/** A shell that shows nothing of the machine that it runs on. */
const SHELL =
  'cd "$(mktemp -d)" && exec env -i PATH="$PATH" HOME="$PWD" TERM="$TERM" LANG=C.UTF-8 HISTFILE= PS1=\'in$ \' bash --norc --noprofile -i';

const MISCHIEF: Readonly<Record<MischiefName, Mischief>> = {
  loss: Mischief.LOSS,
  burst: Mischief.BURST,
  reordering: Mischief.REORDERING,
  duplication: Mischief.DUPLICATION,
};

async function record(scenario: Scenario): Promise<void> {
  const { name, about, profile, seed, command, mischief, run } = scenario;
  const open =
    command === undefined
      ? { terminal: { term: "xterm-256color", size: { columns: 80, rows: 24 } }, command: SHELL }
      : { command };
  const world = await World.make();
  try {
    const client = await RecordedClient.open(world, open, profile, seed);
    try {
      if (command === undefined) await client.shows(/in\$ $/);
      await run(client);
      await client.settled();
    } finally {
      client.stop();
    }
    client.recorder.write(join(folder, `${name}.jsonl`), {
      version: 1,
      name,
      about: `${about}; ${profile.about}`,
      seed: BigInt(seed),
      connectionId: client.connectionId,
      ...headKeys(client.secrets),
      open: command === undefined ? { terminal: open.terminal } : { command },
      claims: mischief.flatMap((each) =>
        [Role.CLIENT, Role.SERVER].map((sender) => ({ mischief: MISCHIEF[each], sender, atLeast: 1 })),
      ),
    });
    console.log(`recorded ${name}`);
  } finally {
    await world.remove();
  }
}

const wanted = process.argv.slice(2);
const scenarios = SCENARIOS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const waiting = [...scenarios];
const work = async (): Promise<void> => {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { name } = next;
    await record(next).catch((error: unknown) => {
      console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    });
  }
};
await Promise.all([work(), work(), work()]);
