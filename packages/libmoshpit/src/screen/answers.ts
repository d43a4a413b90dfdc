import { PLAIN, type Attributes } from "./attributes.js";
import { FOLLOWED_MODES } from "./modes.js";
import { sgrSequence } from "./sgr.js";
import type { Xterm } from "./xterm-internals.js";

/** What answers need to know of the state. */
export interface Answering {
  readonly pen: Attributes;
  readonly cursorShape: number;
  readonly modes: number;
}

/**
 * Answers to a program's queries where xterm's are not those of its state: the cursor position after the last column and in
 * origin mode, the settings of SGR and of the cursor's shape (DECRQSS), and the modes that xterm does not know (DECRQM).
 */
export function answerQueries(xterm: Xterm, state: () => Answering): void {
  const { input, core } = xterm;
  const reply = (text: string): true => {
    core.triggerDataEvent(text);
    return true;
  };
  const position = (): string => {
    const buffer = xterm.bufferService.buffers.active;
    const first = core.decPrivateModes.origin ? buffer.scrollTop : 0;
    const columns = buffer.lines.get(0)?.length ?? 0;
    return `${buffer.y - first + 1};${Math.min(buffer.x, columns - 1) + 1}`;
  };
  input.registerCsiHandler({ final: "n" }, ({ params }) => params[0] === 6 && reply(`\x1b[${position()}R`));
  input.registerCsiHandler(
    { prefix: "?", final: "n" },
    ({ params }) => params[0] === 6 && reply(`\x1b[?${position()}R`),
  );
  input.registerCsiHandler({ prefix: "?", intermediates: "$", final: "p" }, ({ params }) => {
    const mode = FOLLOWED_MODES.find(({ number }) => number === params[0]);
    return mode !== undefined && reply(`\x1b[?${mode.number};${state().modes & mode.bit ? 1 : 2}$y`);
  });
  input.registerDcsHandler({ intermediates: "$", final: "q" }, (setting) => {
    if (setting === "m") return reply(`\x1bP1$r${sgrParameters(state().pen)}m\x1b\\`);
    if (setting === " q") return reply(`\x1bP1$r${state().cursorShape} q\x1b\\`);
    return false;
  });
}

/** The parameters that make attributes of plain ones, with the reset that such a report begins with. */
function sgrParameters(pen: Attributes): string {
  const sequence = sgrSequence(PLAIN, pen);
  return sequence === "" ? "0" : `0;${sequence.slice(2, -1)}`;
}
