import { Emulator } from "libmoshpit/screen";
import { concatBytes } from "libmoshpit/util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { OutputChunk } from "./output-batch.js";
import { CLIENT_PATIENCE_MS, OutputFlow } from "./output-flow.js";

const octets = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A client that takes nothing until it is told to. */
class Client {
  silence = 0;
  written: Uint8Array[] = [];
  unsent = 0;
  inFlight = 0;

  get bufferedAmount(): number {
    return this.inFlight + this.unsent;
  }

  write(chunks: readonly OutputChunk[]): void {
    for (const { bytes } of chunks) {
      this.written.push(bytes);
      this.unsent += bytes.length;
    }
  }

  discardUnsent(): void {
    this.unsent = 0;
  }

  get text(): string {
    return new TextDecoder().decode(concatBytes(...this.written));
  }
}

let client: Client;
let calls: string[];

function flow(terminal: { columns: number; rows: number } | undefined): OutputFlow {
  return new OutputFlow({
    client,
    terminal,
    pause: () => calls.push("pause"),
    resume: () => calls.push("resume"),
    reply: (text) => calls.push(`reply ${text}`),
    guard: (step) => step(),
  });
}

/** Writes in pieces, a turn apart, while the program is not paused; says how much. */
async function writeWhileItGoes(to: OutputFlow, most: number): Promise<number> {
  const line = octets("0123456789abcdef".repeat(1024));
  let written = 0;
  while (written < most && calls.at(-1) !== "pause") {
    to.add(line, false);
    written += line.length;
    await vi.advanceTimersByTimeAsync(1);
  }
  return written;
}

describe("OutputFlow", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    client = new Client();
    calls = [];
  });
  afterEach(() => void vi.useRealTimers());

  it("has the program wait while the client does not keep up, and go on when it does", async () => {
    const output = flow({ columns: 80, rows: 24 });
    expect(await writeWhileItGoes(output, 1e6)).toBe(128 * 1024);
    await vi.advanceTimersByTimeAsync(10 * CLIENT_PATIENCE_MS);
    expect(calls).toEqual(["pause"]);
    client.unsent = 0;
    output.heard();
    expect(calls).toEqual(["pause", "resume"]);
  });

  it("takes 64 KiB of output a turn, and then has the program wait for the next", async () => {
    const output = flow({ columns: 80, rows: 24 });
    const piece = octets("0123456789abcdef".repeat(512));
    let written = 0;
    while (calls.at(-1) !== "pause") {
      output.add(piece, false);
      written += piece.length;
    }
    expect(written).toBe(64 * 1024);
    await vi.advanceTimersByTimeAsync(50);
    expect(calls).toEqual(["pause", "resume"]);
    expect(client.unsent).toBe(written);
  });

  it("PL-ABANDON-001 lets a program on a terminal go on while its client is away, and repaints", async () => {
    const output = flow({ columns: 40, rows: 5 });
    const before = await writeWhileItGoes(output, 1e6);
    client.silence = CLIENT_PATIENCE_MS * 1000;
    await vi.advanceTimersByTimeAsync(CLIENT_PATIENCE_MS);
    expect(calls).toEqual(["pause", "resume"]);
    expect(client.unsent).toBe(0);
    expect(await writeWhileItGoes(output, 3_000_000)).toBeGreaterThanOrEqual(3_000_000);
    output.add(octets("\x1b[2J\x1b[H\x1b]2;here\x07the last line\r\n\x1b[1mbold\x1b["), false);
    await vi.advanceTimersByTimeAsync(10);
    expect(concatBytes(...client.written).length).toBe(before);
    client.written = [];
    client.silence = 0;
    output.heard();
    output.add(octets("0m plain"), false);
    await vi.advanceTimersByTimeAsync(1);
    const shown = new Emulator(40, 5);
    shown.writeAll(octets("anything \x1b]0;unfinished"));
    shown.writeAll(concatBytes(...client.written));
    const expected = new Emulator(40, 5);
    expected.writeAll(octets("\x1b]2;here\x07the last line\r\n\x1b[1mbold\x1b[0m plain"));
    expect(shown.state().normal).toEqual(expected.state().normal);
    expect(shown.state().title).toBe("here");
    expect(client.text.length).toBeLessThan(1_000);
  });

  it("PL-ABANDON-001 never goes on without the client where there is no terminal", async () => {
    const output = flow(undefined);
    const written = await writeWhileItGoes(output, 1e6);
    client.silence = CLIENT_PATIENCE_MS * 1000;
    await vi.advanceTimersByTimeAsync(100 * CLIENT_PATIENCE_MS);
    expect(calls).toEqual(["pause"]);
    expect(client.unsent).toBe(written);
  });

  it("shows a client that is away the last screen before the session ends", async () => {
    const output = flow({ columns: 80, rows: 24 });
    await writeWhileItGoes(output, 1e6);
    client.silence = CLIENT_PATIENCE_MS * 1000;
    await vi.advanceTimersByTimeAsync(CLIENT_PATIENCE_MS);
    client.written = [];
    output.add(octets("\x1b[2Jgood-bye"), false);
    output.flush();
    expect(client.text).toContain("good-bye");
  });

  it("answers a program's questions only while the client is away", async () => {
    const output = flow({ columns: 80, rows: 24 });
    output.add(octets("\x1b[5n"), false);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls).toEqual([]);
    await writeWhileItGoes(output, 1e6);
    client.silence = CLIENT_PATIENCE_MS * 1000;
    await vi.advanceTimersByTimeAsync(CLIENT_PATIENCE_MS);
    output.add(octets("\x1b[5n"), false);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls.at(-1)).toBe("reply \x1b[0n");
  });
});
