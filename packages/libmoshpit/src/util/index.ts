export * from "./bytes.js";
export * from "./errors.js";
export * from "./output.js";
export * from "./printable.js";
export * from "./range-set.js";
export * from "./time.js";
