import { countMischief, unprovenClaims } from "./mischief.js";
import { listTraces, readTrace } from "./trace.js";

// Proves the claims of every trace from its own packets; prints what was found.

let problems = 0;
const traces = listTraces();
for (const { name, url } of traces) {
  const trace = readTrace(url);
  const unproven = unprovenClaims(trace);
  for (const line of unproven) console.error(line);
  if (trace.head.name !== name) console.error(`${name} calls itself ${trace.head.name}`);
  if (trace.head.claims.length === 0) console.error(`${name} claims nothing`);
  problems += unproven.length + (trace.head.name === name && trace.head.claims.length > 0 ? 0 : 1);
  const said = (["client", "server"] as const).map((role) => {
    const { sent, loss, burst, reordering, duplication } = countMischief(trace.datagrams[role]);
    return `${role}: ${sent} sent, ${loss} lost, ${burst} bursts, ${reordering} reordered, ${duplication} twice`;
  });
  console.log(`${name}  ${(trace.end / 1e6).toFixed(1)} s  ${said.join("; ")}`);
}
console.log(`${traces.length} traces, ${problems} problems`);
process.exitCode = problems > 0 || traces.length === 0 ? 1 : 0;
