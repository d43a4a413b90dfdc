export * from "./limits.js";
export * from "./packet.js";
export * from "./payload-frames.js";
export * from "./payload.js";
export * from "./framing.js";
export * from "./handshake-messages.js";
export { decodeStrict, type StrictOptions } from "./strict.js";
export { checkTerminalSize, isSessionName, isUserName } from "./handshake-messages-bounds.js";
