export { parsePasswdLine, type Account } from "./account.js";
export { lookupExpiry, nologinFile, parseShadowLine, type Expiry } from "./restrictions.js";
export { currentUser, listUsers, lookupUser, LookupError, type RunProgram } from "./lookup.js";
