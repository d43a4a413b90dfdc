export * from "./link.js";
export * from "./messages.js";
export * from "./proof.js";
export * from "./socket-directory.js";
