import type { Observer } from "../peer/observer.js";
import type { Subject } from "../peer/subject.js";
import { must } from "../run/case.js";

/** What can be seen of an endpoint from outside. */
export interface VisibleState {
  readonly packets: number;
  readonly deliveries: number;
  readonly nextTimer: number;
}

export function stateOf({ deliveries, nextTimer }: Subject, { packets }: Observer): VisibleState {
  return { packets: packets.length, deliveries: deliveries.length, nextTimer };
}

/** PK-OPEN-002. */
export function mustHaveChangedNothing(before: VisibleState, after: VisibleState, what: string): void {
  must(after.packets === before.packets, "PK-OPEN-002", `${what} elicited a packet`);
  must(after.deliveries === before.deliveries, "PK-REPLAY-001", `${what} was delivered`);
  must(after.nextTimer === before.nextTimer, "PK-OPEN-002", `${what} changed the next timer`);
}
