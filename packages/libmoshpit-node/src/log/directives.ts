import { LOG_LEVELS, type LogDirective, type LogLevel } from "./settings.js";

/**
 * From `moshpits=debug,libmoshpit=info`: a comma between parts, each `target=level`, `level` or `target` (which means
 * its every message). A level is error, warn, info, debug, trace or off. A string says what is wrong.
 */
export function parseDirectives(text: string): readonly LogDirective[] | string {
  const directives: LogDirective[] = [];
  for (const part of text.split(",").map((each) => each.trim())) {
    if (part === "") continue;
    const directive = parseDirective(part);
    if (directive === undefined) {
      return `must be target=level parts with a comma between, level one of ${LOG_LEVELS.join(", ")}, off; "${part}" is not`;
    }
    directives.push(directive);
  }
  return directives;
}

/** The level of `target`: that of the longest directive that names it or a parent of it, else `otherwise`. */
export function levelOf(
  directives: readonly LogDirective[],
  target: string,
  otherwise: LogLevel,
): LogLevel | "off" {
  let best: LogDirective | undefined;
  for (const directive of directives) {
    if (!covers(directive.target, target)) continue;
    if (best === undefined || (directive.target?.length ?? 0) >= (best.target?.length ?? 0)) best = directive;
  }
  return best?.level ?? otherwise;
}

function parseDirective(part: string): LogDirective | undefined {
  const [first = "", second, ...more] = part.split("=").map((each) => each.trim());
  if (more.length > 0) return undefined;
  if (second === undefined && isLevel(first))
    return { target: undefined, level: first.toLowerCase() as LogLevel };
  if (!/^[A-Za-z0-9_][A-Za-z0-9_:./-]*$/.test(first)) return undefined;
  if (second === undefined) return { target: first, level: "trace" };
  return isLevel(second) ? { target: first, level: second.toLowerCase() as LogLevel } : undefined;
}

function isLevel(text: string): boolean {
  return [...LOG_LEVELS, "off"].includes(text.toLowerCase());
}

/** `moshpits` covers `moshpits` and `moshpits::listener`, not `moshpitsx`. */
function covers(parent: string | undefined, target: string): boolean {
  if (parent === undefined || parent === target) return true;
  return target.startsWith(parent) && /^[:./]/.test(target.slice(parent.length));
}
