import type { EmulatedLink, LinkParameters } from "./link.js";
import { canMakeNamespaces, namespaceLink } from "./namespace-link.js";
import { mosh, moshpit, ssh, type Peer, type PeerKind } from "./peers.js";
import { relayLink } from "./relay-link.js";
import { Shell } from "./shell.js";

/** Nothing but the delay: where sessions are opened before the link turns bad. */
const calm = ({ delay_ms, seed = 1 }: LinkParameters): LinkParameters => ({ delay_ms, seed });

/** One peer with a shell open, on a link of its own. */
export interface Stage {
  readonly kind: PeerKind;
  readonly peer: Peer;
  readonly shell: Shell;
  readonly link: EmulatedLink;
}

/** The peers that can be measured on an emulated link here: without root over the relay, which has no lossy TCP. */
export function kindsHere(...kinds: readonly PeerKind[]): PeerKind[] {
  const wanted = kinds.length > 0 ? kinds : [moshpit, ssh, mosh];
  return wanted.filter((kind) => kind.available() && (canMakeNamespaces() || kind !== ssh));
}

/** A link of its own: between namespaces as root, else over the relay. */
export async function emulatedLink(parameters: LinkParameters): Promise<EmulatedLink> {
  return canMakeNamespaces() ? await namespaceLink(parameters) : await relayLink(parameters);
}

/**
 * Opens a shell of each kind, each over a link of its own, and does the same with all of them at the same time, so that
 * what else the machine does meets all alike. The links turn bad when the shells are open. Everything is gone afterwards.
 */
export async function together<Result>(
  wanted: readonly { readonly kind: PeerKind; readonly link: LinkParameters }[],
  act: (stage: Stage, index: number) => Promise<Result>,
): Promise<{ readonly name: string; readonly result: Result }[]> {
  const stages: Stage[] = [];
  const ends: (() => Promise<void>)[] = [];
  try {
    for (const { kind, link: parameters } of wanted) {
      const link = await emulatedLink(calm(parameters));
      ends.unshift(link.stop);
      const peer = await kind.start(link);
      ends.unshift(peer.stop);
      const shell = await Shell.open(peer, parameters.seed ?? 1);
      ends.unshift(() => shell.end());
      stages.push({ kind, peer, shell, link });
    }
    for (const [i, { link }] of stages.entries()) await link.set(wanted[i]?.link ?? { delay_ms: 0 });
    return await Promise.all(
      stages.map(async (stage, i) => ({ name: stage.kind.name, result: await act(stage, i) })),
    );
  } finally {
    for (const end of ends) await end();
  }
}
