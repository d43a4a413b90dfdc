export { parsePasswdLine, type Account } from "./account.js";
export { currentUser, lookupUser, LookupError, type RunProgram } from "./lookup.js";
