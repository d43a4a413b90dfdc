export { connectionIdOf } from "../wire/index.js";
export * from "./connection.js";
export * from "./events.js";
export type { RoundTrip } from "./rtt.js";
