// Who may import whom. docs/architecture.md says why; this file makes a build that breaks it fail.
const LIB = "^packages/libmoshpit/src";

/** What each layer of libmoshpit may import, itself aside. */
const layers = {
  util: { layers: [], packages: [] },
  crypto: { layers: ["util"], packages: ["@noble/"] },
  wire: { layers: ["crypto", "util"], packages: ["@bufbuild/protobuf"] },
  handshake: { layers: ["wire", "crypto", "util"], packages: [] },
  session: { layers: ["wire", "util"], packages: [] },
  screen: { layers: ["util"], packages: ["@xterm/", "fflate"] },
  prediction: { layers: ["screen", "util"], packages: [] },
  display: { layers: ["screen", "prediction", "util"], packages: [] },
  sync: { layers: ["session", "screen", "wire", "util"], packages: [] },
};

const layerRules = Object.entries(layers).map(([name, may]) => ({
  name: `layer-${name}`,
  comment: `libmoshpit's ${name} may import ${[...may.layers, ...may.packages].join(", ") || "nothing"}`,
  severity: "error",
  from: { path: `${LIB}/${name}/`, pathNot: "\\.test\\.ts$" },
  to: {
    pathNot: [
      `${LIB}/(${[name, ...may.layers].join("|")})/`,
      ...may.packages.map((p) => `node_modules/${p}`),
    ],
  },
}));

const APPS = "^packages/(moshpit|moshpits|moshpit-keygen)/";

module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: "no-circular",
      severity: "error",
      from: { pathNot: "/gen/" },
      to: { circular: true },
    },
    {
      name: "no-effects-in-core",
      comment: "libmoshpit is pure: no node:* modules",
      severity: "error",
      from: { path: LIB, pathNot: "\\.test\\.ts$" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "generated-code-stays-behind-its-layer",
      comment: "apps and other layers use wire's and host-link's own types",
      severity: "error",
      from: { pathNot: ["^packages/libmoshpit/src/wire/", "^packages/libmoshpit-node/src/host-link/"] },
      to: { path: "/src/(wire|host-link)/gen/" },
    },
    {
      name: "no-deep-imports",
      comment: "another package is reached through its exports, never by a relative path",
      severity: "error",
      from: { path: "^packages/([^/]+)/" },
      to: { path: "^packages/[^/]+/", pathNot: "^packages/$1/", dependencyTypes: ["local"] },
    },
    {
      name: "libraries-do-not-import-apps",
      severity: "error",
      from: { path: "^packages/(libmoshpit|libmoshpit-node)/" },
      to: { path: APPS },
    },
    {
      name: "no-test-support-in-src",
      severity: "error",
      from: { path: "^packages/[^/]+/src/", pathNot: ["\\.test\\.ts$", "^packages/(testkit|bench)/"] },
      to: { path: "^packages/testkit/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "/dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.test.json" },
    enhancedResolveOptions: {
      conditionNames: ["source", "import", "node", "default"],
      exportsFields: ["exports"],
    },
  },
};
