import { BAD_VERDICTS, countsOf, type CaseResult, type RunResult } from "../run/result.js";
import { escaped } from "./markup.js";

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ddd; vertical-align: top; }
td:first-child, code, pre { font-family: ui-monospace, monospace; font-size: 13px; }
pre { overflow-x: auto; background: #f6f6f6; padding: .6rem; max-height: 30rem; }
.pass { color: #1a7f37; } .skipped, .expected-failure { color: #777; }
.fail, .crash, .timeout, .unexpected-pass { color: #b3261e; font-weight: 600; }
`;

/** A run as one page: a table of all cases, and what happened in those that failed. */
export function htmlOf(result: RunResult): string {
  const { testee, seed, milliseconds, cases } = result;
  const title = escaped(`moshpit conformance: ${testee.name} ${testee.version}`);
  const counts = [...countsOf(result)].map(([verdict, count]) => `${count} ${verdict}`).join(", ");
  const bad = cases.filter(({ verdict }) => BAD_VERDICTS.includes(verdict));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${title}</title>
<style>${STYLE}</style>
<h1>${title}</h1>
<p>${escaped(counts)} of ${cases.length} cases in ${(milliseconds / 1_000).toFixed(1)} s, seed ${seed}; <code>${escaped(testee.command.join(" "))}</code></p>
${bad.map(failure).join("\n")}
<h2>All cases</h2>
<table>
<tr><th>case<th>verdict<th>requirements<th>what is done
${cases.map(row).join("\n")}
</table>
`;
}

function failure(result: CaseResult): string {
  const { id, verdict, requirement, text = "", log } = result;
  const laid = requirement === undefined ? "" : `${requirement}: `;
  const happened = log.length === 0 ? "" : `<pre>${escaped(log.join("\n"))}</pre>`;
  return `<h2 id="${escaped(id)}"><span class="${verdict}">${verdict}</span> <code>${escaped(id)}</code></h2>
<p>${escaped(result.about)}</p><p>${escaped(laid + text)}</p>${happened}`;
}

function row({ id, verdict, requirements, about, text }: CaseResult): string {
  const name = BAD_VERDICTS.includes(verdict) ? `<a href="#${escaped(id)}">${escaped(id)}</a>` : escaped(id);
  const why = verdict === "skipped" ? ` (${escaped(text ?? "")})` : "";
  return `<tr><td>${name}<td class="${verdict}">${verdict}${why}<td>${escaped(requirements.join(" "))}<td>${escaped(about)}`;
}
