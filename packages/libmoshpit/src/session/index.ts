export { connectionIdOf } from "../wire/index.js";
export * from "./attachment.js";
export * from "./events.js";
export * from "./reconnection.js";
export type { RoundTrip } from "./rtt.js";
