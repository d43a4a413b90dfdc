export { askNewPassphrase, AskingCancelled, askPassphrase, askText, askYesOrNo, canAsk } from "./ask.js";
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
export {
  protectPrivateKey,
  readPrivateKeyFile,
  readPublicKeyFile,
  writeKeyPair,
  type NewKeyPair,
} from "./key-pair.js";
export { KnownHosts, type HostKeyCheck } from "./known-hosts.js";
export { readOpensshKeyFile, type ForeignKey, type OpensshKeyFile } from "./openssh.js";
export { PASSPHRASE_COST, type PassphraseCost } from "./passphrase.js";
export type { PrivateKeyFile } from "./private-key.js";
export {
  formatPublicKeyLine,
  parsePublicKeyFile,
  parsePublicKeyLine,
  printableComment,
  type PublicKey,
} from "./public-key.js";
export {
  LARGEST_KEY_LIST,
  parsePublicKeys,
  readPublicKeys,
  type ListedKey,
  type ListedKeys,
} from "./public-keys.js";
export { shellWord } from "./shell-word.js";
