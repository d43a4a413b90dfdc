import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { MUTANTS, NULL_TESTEES } from "../../mutants/mutants.mjs";
import { listTraces, readTrace } from "../traces/trace.js";
import { countMischief, unprovenClaims } from "../traces/mischief.js";
import { ALL_CASES } from "./index.js";

const spec = new URL("../../../spec/", import.meta.url);
const defined = new Set(
  readdirSync(spec)
    .filter((name) => name.endsWith(".md"))
    .flatMap((name) => [
      ...readFileSync(new URL(name, spec), "utf8").matchAll(/\*\*([A-Z]{2}-[A-Z0-9]+-\d{3})\*\*/g),
    ])
    .map(([, id]) => id),
);

describe("the cases", () => {
  it("have ids that are never the same, and name requirements that exist", () => {
    const ids = ALL_CASES.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, definition } of ALL_CASES) {
      expect(id).toMatch(/^l[012]\/[a-z0-9-]+(\/[a-z0-9-]+)+(@client|@server)?$/);
      for (const requirement of definition.requirements) expect(defined, id).toContain(requirement);
      expect(definition.about, id).not.toBe("");
    }
  });

  it("lay failures to requirements that exist", () => {
    const folders = ["./", "../peer/", "../traces/"].map((path) => new URL(path, import.meta.url));
    for (const folder of folders) {
      for (const name of readdirSync(folder).filter((each) => each.endsWith(".ts"))) {
        const text = readFileSync(new URL(name, folder), "utf8");
        for (const [, id] of text.matchAll(/"([A-Z]{2}-[A-Z0-9]+-\d{3})"/g))
          expect(defined, name).toContain(id);
      }
    }
  });

  it("of level 2 with a role come in both roles or say why not by their area", () => {
    const roleless = ALL_CASES.filter(({ definition, role }) => definition.level === 2 && role === undefined);
    expect(roleless).toEqual([]);
  });
});

describe("mutants", () => {
  it("name cases that exist, and have names of their own", () => {
    const ids = new Set(ALL_CASES.map(({ id }) => id));
    for (const { name, killedBy } of MUTANTS) for (const id of killedBy) expect(ids, name).toContain(id);
    for (const { name, cases } of NULL_TESTEES) for (const id of cases ?? []) expect(ids, name).toContain(id);
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    expect(MUTANTS.length).toBeGreaterThanOrEqual(20);
  });
});

describe("the traces", () => {
  const traces = listTraces();

  it("are at least ten", () => expect(traces.length).toBeGreaterThanOrEqual(10));

  it.each(traces.map(({ name, url }) => [name, url] as const))(
    "CF-TRC-001 prove what they claim: %s",
    (name, url) => {
      const trace = readTrace(url);
      expect(trace.head.name).toBe(name);
      expect(trace.head.claims.length).toBeGreaterThan(0);
      expect(unprovenClaims(trace)).toEqual([]);
    },
  );

  it("CF-TRC-001 are found out where they claim too much", () => {
    const [first] = traces;
    const trace = readTrace(first!.url);
    const { loss } = countMischief(trace.datagrams.client);
    const [claim] = trace.head.claims;
    const boasted = { ...trace, head: { ...trace.head, claims: [{ ...claim!, atLeast: loss + 1 }] } };
    expect(unprovenClaims(boasted)).toHaveLength(1);
  });
});
