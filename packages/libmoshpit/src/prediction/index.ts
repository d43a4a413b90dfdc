export type { EditStyle } from "./guess.js";
export * from "./limits.js";
export * from "./overlay.js";
export * from "./predictor.js";
export type { PredictionMode } from "./visibility.js";
