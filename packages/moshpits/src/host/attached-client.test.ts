import type { NewConnection, ResumeAttachment } from "libmoshpit-node/host-link";
import { CipherSuite } from "libmoshpit/wire";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AttachedClient } from "./attached-client.js";

function connection(connectionId: bigint): NewConnection {
  const keys = () => ({
    aeadKey: new Uint8Array(32).fill(1),
    aeadIv: new Uint8Array(12).fill(2),
    macKey: new Uint8Array(64).fill(3),
  });
  return {
    connectionId,
    cipherSuite: CipherSuite.AES_256_GCM_SIV_HMAC_SHA512,
    clientToServer: keys(),
    serverToClient: keys(),
    firstDatagramSeconds: 30,
    clientAddress: "",
  } as NewConnection;
}

function request(connectionId: bigint, change: Partial<ResumeAttachment> = {}): ResumeAttachment {
  return {
    generation: 2,
    nextSequence: 0n,
    cumulativeSequence: 0n,
    connection: connection(connectionId),
    ...change,
  } as ResumeAttachment;
}

describe("AttachedClient", () => {
  let retired: bigint[];
  let client: AttachedClient;

  beforeEach(() => {
    retired = [];
    client = new AttachedClient({
      connection: connection(1n),
      detachedLifetimeSeconds: 3_600,
      transmit: () => undefined,
      event: () => undefined,
      retired: (id) => retired.push(id),
      guard: (step) => step(),
    });
  });

  afterEach(() => client.forget());

  it("forgets the candidate that a later resumption replaces, and everything at the end", () => {
    expect(client.resume(request(2n))).toEqual({ nextSequence: 0, cumulativeSequence: 0 });
    client.resume(request(3n));
    expect(retired).toEqual([2n]);
    client.forget();
    expect(retired).toEqual([2n, 1n, 3n]);
  });

  it("PL-RESUME-002 refuses what can not be, and keeps nothing of it", () => {
    expect(() => client.resume(request(2n, { generation: 1 }))).toThrow(
      expect.objectContaining({ code: "stale-generation" }),
    );
    expect(() => client.resume(request(3n, { cumulativeSequence: 1n }))).toThrow(
      expect.objectContaining({ code: "impossible-counts" }),
    );
    expect(retired).toEqual([2n, 3n]);
  });

  it("PL-RESUME-002 refuses an attachment that is over, though its program goes on", () => {
    client.stop();
    expect(() => client.resume(request(2n))).toThrow(expect.objectContaining({ code: "attachment-over" }));
    expect(retired).toEqual([2n]);
  });
});
