export { askNewPassphrase, AskingCancelled, askText, askYesOrNo, canAsk } from "./ask.js";
export {
  readAuthorizedKeys,
  type AuthorizedKey,
  type AuthorizedKeys,
  type SkippedLine,
} from "./authorized-keys.js";
export {
  authorizedKeysFiles,
  type AuthorizedKeysFiles,
  type FileStatus,
  type Opened,
} from "./authorized-keys-files.js";
export { KeyFileError, type KeyFileCode } from "./error.js";
export { fingerprint, randomart, randomartRows } from "./fingerprint.js";
export { generateIdentity, identityOf, type Identity } from "./identity.js";
export { readPrivateKeyFile, readPublicKeyFile, writeKeyPair, type NewKeyPair } from "./key-pair.js";
export { KnownHosts, type HostKeyCheck } from "./known-hosts.js";
export { PASSPHRASE_COST, type PassphraseCost } from "./passphrase.js";
export type { PrivateKeyFile } from "./private-key.js";
export { formatPublicKeyLine, parsePublicKeyFile, parsePublicKeyLine, type PublicKey } from "./public-key.js";
export { shellWord } from "./shell-word.js";
