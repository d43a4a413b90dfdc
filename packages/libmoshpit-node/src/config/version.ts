/** What `-V` prints after the program's name; the packages carry the same one. */
export const VERSION = "0.1.0";
