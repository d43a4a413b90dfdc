/** What can be wrong with a key file; callers add what only they know (which command makes the key). */
export type KeyFileCode =
  | "not-found"
  | "not-readable"
  | "not-writable"
  | "unsafe-permissions"
  | "not-a-key-file"
  | "wrong-passphrase"
  | "exists"
  | "host-key-changed";

/** A key file can not be used. The message is one line: what happened, to which file, and what to do if that is known. */
export class KeyFileError extends Error {
  override readonly name = "KeyFileError";
  readonly code: KeyFileCode;

  constructor(code: KeyFileCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** An error of the file system, about `path`, as a `KeyFileError`; anything else is thrown on. */
export function asKeyFileError(error: unknown, path: string, doing: "read" | "write"): KeyFileError {
  if (error instanceof KeyFileError) return error;
  if (!(error instanceof Error) || !("code" in error)) throw error;
  switch (error.code) {
    case "ENOENT":
    case "ENOTDIR":
      return new KeyFileError("not-found", `${path} does not exist`);
    case "EEXIST":
      return new KeyFileError("exists", `${path} exists already`);
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new KeyFileError(
        `not-${doing === "read" ? "readable" : "writable"}`,
        `${path} can not be ${doing === "read" ? "read" : "written"}: permission denied`,
      );
    default:
      return new KeyFileError(
        doing === "read" ? "not-readable" : "not-writable",
        `${path} can not be ${doing === "read" ? "read" : "written"}: ${error.message}`,
      );
  }
}
