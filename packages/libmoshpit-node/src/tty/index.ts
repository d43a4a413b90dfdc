export * from "./ask.js";
export * from "./guard.js";
export * from "./modes.js";
export * from "./output.js";
export * from "./raw-mode.js";
export * from "./size.js";
