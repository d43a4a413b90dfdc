export * from "./link.js";
export * from "./messages.js";
