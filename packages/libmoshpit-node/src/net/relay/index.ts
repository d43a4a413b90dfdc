export type { Cut, Way } from "./cut.js";
export { freeTcpPort, freeUdpRange } from "./free-ports.js";
export * from "./link.js";
export * from "./profiles.js";
export * from "./relay.js";
