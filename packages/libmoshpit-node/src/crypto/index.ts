export { systemEntropy } from "./entropy.js";
export { nodeCrypto } from "./node-crypto.js";
