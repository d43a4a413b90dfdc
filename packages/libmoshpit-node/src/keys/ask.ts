/** The person pressed Ctrl-C or ended the input at a question. */
export class AskingCancelled extends Error {
  override readonly name = "AskingCancelled";

  constructor() {
    super("cancelled");
  }
}

/** Whether questions can be asked: standard input and standard error are a terminal. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Asks for a line; an empty answer is `fallback`. Questions go to standard error. Throws `AskingCancelled`. */
export async function askText(message: string, fallback: string): Promise<string> {
  const { input } = await import("@inquirer/prompts");
  return asked(input({ message, default: fallback }, context()));
}

/** Asks twice, until both answers are the same; empty is no passphrase. Throws `AskingCancelled`. */
export async function askNewPassphrase(): Promise<string | undefined> {
  try {
    for (;;) {
      const first = await askPassphrase("Passphrase (empty for none):");
      showNothing(true);
      const second = await askPassphrase("The same passphrase again:");
      showNothing(true);
      if (first === second) return first === "" ? undefined : first;
      process.stderr.write("The two differ. Once more.\r\n");
    }
  } finally {
    showNothing(false);
  }
}

/** Asks without echo. Throws `AskingCancelled`. */
export async function askPassphrase(message: string): Promise<string> {
  const { password } = await import("@inquirer/prompts");
  return asked(password({ message }, context()));
}

/** Between two questions the terminal would echo what a fast typist types. */
function showNothing(hide: boolean): void {
  if (process.stdin.isTTY) process.stdin.setRawMode(hide);
}

/** Asks a question whose answer must be typed out, `yes` or `no`. Throws `AskingCancelled`. */
export async function askYesOrNo(message: string): Promise<boolean> {
  const { input } = await import("@inquirer/prompts");
  const validate = (text: string): true | string =>
    /^(yes|no)$/i.test(text.trim()) || "Please type yes or no.";
  return (await asked(input({ message, validate }, context()))).trim().toLowerCase() === "yes";
}

/** Standard output belongs to what the program prints. */
const context = (): { readonly output: NodeJS.WritableStream } => ({ output: process.stderr });

async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && error.name === "ExitPromptError") throw new AskingCancelled();
    throw error;
  }
}
