/**
 * The session machine of this project: what the testee steps, and what plays the peer in simulated networks and
 * reactive replay. The one place that names its class.
 */
export { Attachment as SessionMachine } from "libmoshpit/session";
export type { AttachmentConfig as SessionConfig, SessionEvent } from "libmoshpit/session";
