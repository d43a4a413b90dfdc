/** What `-V` prints after the program's name; the packages carry the same one. */
export const VERSION = "0.1.0";

/**
 * What to print where the arguments ask for the version and for nothing else: known before anything is loaded, so that
 * it takes no longer than Node itself. Undefined for everything else, which the programs' own parsers answer.
 */
export function versionAlone(program: string, argv: readonly string[]): string | undefined {
  const [word, ...more] = argv;
  return more.length === 0 && (word === "-V" || word === "--version") ? `${program} ${VERSION}\n` : undefined;
}
