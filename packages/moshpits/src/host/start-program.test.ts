import { describe, expect, it } from "vitest";
import type { Serve } from "libmoshpit-node/host-link";
import type { OpenRequest } from "libmoshpit/wire";
import { startProgram } from "./start-program.js";

const serve = { user: "root", home: "/", shell: "/bin/sh" } as Serve;
const request = (more: Partial<OpenRequest>): OpenRequest =>
  ({ environment: [], name: "", ...more }) as OpenRequest;

async function outputOf(of: Serve, command: string): Promise<{ output: string; notes: string[] }> {
  const notes: string[] = [];
  const chunks: Uint8Array[] = [];
  await new Promise<void>((resolve, reject) => {
    const handlers = {
      data: (bytes: Uint8Array) => void chunks.push(bytes),
      end: () => undefined,
      exit: () => resolve(),
    };
    startProgram(of, request({ command }), "s1", handlers, (line) => void notes.push(line)).catch(reject);
  });
  return { output: Buffer.concat(chunks).toString(), notes };
}

describe("startProgram", () => {
  it("starts in the home directory", async () => {
    expect(await outputOf({ ...serve, home: "/usr" }, "pwd; echo $PWD")).toEqual({
      output: "/usr\n/usr\n",
      notes: [],
    });
  });

  it("starts in / with a word about it where the home is missing", async () => {
    const { output, notes } = await outputOf({ ...serve, home: "/nonexistent" }, "pwd");
    expect(output).toBe("/\n");
    expect(notes).toEqual(["No home directory /nonexistent (ENOENT): starting in /"]);
    expect((await outputOf({ ...serve, home: "/etc/passwd" }, "pwd")).notes[0]).toContain("ENOTDIR");
  });

  it.each(["/nonexistent/shell", "/etc/passwd"])("refuses the shell %s", async (shell) => {
    await expect(outputOf({ ...serve, shell }, "true")).rejects.toThrow(
      `the login shell ${shell} can not be executed`,
    );
  });
});
