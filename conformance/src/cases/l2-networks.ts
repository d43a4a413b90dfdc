import { micros, millis, seconds } from "libmoshpit/util";
import { Link, SeededRandom, type LinkConditions } from "testkit";
import { Arena } from "../peer/arena.js";
import { must, type CaseContext, type CaseDefinition } from "../run/case.js";

const BOTH = ["client", "server"] as const;

/** Seeded networks, the same both ways. */
const NETWORKS: readonly { readonly name: string; readonly about: string; readonly link: LinkConditions }[] =
  [
    { name: "loss-29", about: "29 % independent loss", link: { delay: millis(50), loss: 0.29 } },
    { name: "loss-50", about: "50 % independent loss", link: { delay: millis(50), loss: 0.5 } },
    {
      name: "bursts",
      about: "losses in bursts of five",
      link: { delay: millis(40), burst: { enter: 0.05, leave: 0.2, loss: 1 } },
    },
    {
      name: "reordering",
      about: "40 ms of jitter, and every fifth packet 80 ms late",
      link: { delay: millis(30), jitter: millis(40), reordering: 0.2, reorderDelay: millis(80) },
    },
    {
      name: "duplication",
      about: "every third packet twice, 10 % loss, jitter",
      link: { delay: millis(20), jitter: millis(15), duplication: 0.33, loss: 0.1 },
    },
    {
      name: "narrow",
      about: "32 kB/s with a short queue, 2 % loss",
      link: { delay: millis(125), jitter: millis(30), loss: 0.02, rate: 32_000, queue: 16_000 },
    },
    {
      name: "everything",
      about: "loss, bursts, reordering and duplication",
      link: {
        delay: millis(60),
        jitter: millis(30),
        loss: 0.1,
        burst: { enter: 0.02, leave: 0.3, loss: 0.9 },
        duplication: 0.1,
        reordering: 0.1,
        reorderDelay: millis(70),
      },
    },
  ];

/** Keys with their echoes, a page of output now and then, a resize. */
async function work(context: CaseContext, link: LinkConditions): Promise<void> {
  const random = new SeededRandom(context.seed * 7919 + 13);
  const links = { client: new Link(link, random.fork()), server: new Link(link, random.fork()) };
  const arena = await Arena.open(context, (sender, _index, now, octets) => {
    const fate = links[sender].carry(now, octets);
    return fate.kind === "lost" ? [] : fate.at;
  });
  let at = arena.now + 300_000;
  for (let i = 0; i < 60; i++) {
    at += 30_000 + random.below(150_000);
    arena.at(micros(at), "client", { kind: "write", bytes: random.bytes(1 + random.below(3)) });
    const answered = micros(at + 120_000);
    const page = i % 20 === 10 ? 4_000 : 1 + random.below(8);
    arena.at(answered, "server", { kind: "write", bytes: random.bytes(page) });
    if (i % 25 !== 12) continue;
    const size = { kind: "resize", columns: 80 + i, rows: 24 } as const;
    arena.at(micros(at), "client", size);
    arena.at(answered, "server", size);
  }
  await arena.runUntil(micros(at + 150_000));
  must(
    await arena.runUntilComplete(micros(at + seconds(60))),
    "TR-PROBE-004",
    "a minute after the last key not everything has arrived",
  );
  await arena.runUntil(micros(arena.now + seconds(5)));
  arena.mustBeExact();
}

/** The testee and the reference over networks that are drawn from the seed. */
export const NETWORK_CASES: readonly CaseDefinition[] = NETWORKS.map(({ name, about, link }) => ({
  name: `networks/${name}`,
  level: 2,
  roles: BOTH,
  requirements: ["TR-ORDER-001", "TR-SEND-002", "TR-NAK-004", "PK-NUM-001"],
  about: `60 keys with echoes and pages of output, over ${about}: all arrives once and in order`,
  run: (context) => work(context, link),
}));
