import { defineConfig } from "vitest/config";

const source = { resolve: { conditions: ["source"] }, ssr: { resolve: { conditions: ["source", "node"] } } };

/** End-to-end tests that mostly wait for links to be down long enough. */
const OUTAGES = ["test/e2e/outage.test.ts", "test/e2e/resume.test.ts"];

export default defineConfig({
  test: {
    projects: [
      {
        ...source,
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "scripts/**/*.test.ts", "conformance/**/*.test.ts"],
          testTimeout: 30_000,
        },
      },
      {
        ...source,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          exclude: OUTAGES,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        ...source,
        test: { name: "outages", include: OUTAGES, testTimeout: 240_000, hookTimeout: 120_000 },
      },
    ],
  },
});
