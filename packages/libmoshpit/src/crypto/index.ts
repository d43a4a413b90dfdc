export * from "./noble.js";
export { nobleAes256GcmSiv } from "./noble-aead.js";
export { nobleMlKem768 } from "./noble-ml-kem.js";
export * from "./provider.js";
export { hasStrictEncoding } from "./strict-ed25519.js";
