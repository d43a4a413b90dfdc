export * from "./event-queue.js";
export * from "./link.js";
export * from "./network.js";
export * from "./pair.js";
export * from "./quick-crypto.js";
export * from "./random.js";
export * from "./trace.js";
