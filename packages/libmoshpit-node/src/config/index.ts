export { loadClientConfig, type ClientConfig } from "./client.js";
export { CIPHER_SUITE_NAMES, CLIENT_PROGRAM, type CipherSuiteName } from "./client-program.js";
export { parseDestination, USER_NAME, type Destination } from "./destination.js";
export { effectiveText, tomlValue } from "./effective.js";
export { parseCommandLine, type CommandLine, type GivenFlag } from "./flags.js";
export { flagEntries, helpSection, helpText, versionText, type HelpEntry } from "./help.js";
export { type Invocation, type Loaded, type Print, type Sources } from "./load.js";
export {
  environmentName,
  inEnvironment,
  inFile,
  type Flag,
  type Option,
  type OptionKind,
  type OptionValue,
  type Program,
} from "./option.js";
export { loadServerConfig, type ServerConfig } from "./server.js";
export { SERVER_PROGRAM, type PortRange } from "./server-program.js";
export type { Source } from "./sources.js";
export { expectation, expandPath, firstWord, type PathContext } from "./values.js";
export { VERSION } from "../version/index.js";
