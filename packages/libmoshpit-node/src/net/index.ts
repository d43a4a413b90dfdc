export * from "./driver.js";
export * from "./relay/index.js";
export * from "./resolve.js";
export * from "./tcp-client.js";
export * from "./udp-client.js";
export * from "./tcp-server.js";
export * from "./udp-server.js";
export { pathOf } from "./udp-socket.js";
