// Who may import whom: the import rules of ARCHITECTURE.md. Breaking one fails `npm run check`.
const source = '^packages/';
const notTest = '\\.test\\.ts$|/(testing|test-support)/';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: { path: source },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'formats-imports-nothing',
      comment: '@kaibo/formats is pure: no Node, no other package.',
      severity: 'error',
      from: { path: '^packages/formats/src', pathNot: notTest },
      to: { pathNot: '^packages/formats/src' },
    },
    {
      name: 'media-imports-formats-only',
      comment: '@kaibo/media knows nothing of rooms or users.',
      severity: 'error',
      from: { path: '^packages/media/' },
      to: { path: '^packages/(server|client|web)/' },
    },
    {
      name: 'client-imports-formats-only',
      comment: '@kaibo/client runs in a browser and in Node.',
      severity: 'error',
      from: { path: '^packages/client/' },
      to: { path: '^packages/(media|server|web)/' },
    },
    {
      name: 'client-is-portable',
      severity: 'error',
      from: { path: '^packages/client/src', pathNot: notTest },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'web-imports-client-and-formats-only',
      severity: 'error',
      from: { path: '^packages/web/' },
      to: { path: '^packages/(media|server)/' },
    },
    {
      name: 'nothing-imports-web',
      severity: 'error',
      from: { path: '^packages/(formats|media|server|client)/' },
      to: { path: '^packages/web/' },
    },
    {
      name: 'media-through-the-engine-only',
      comment: 'In the platform only the embedded engine touches @kaibo/media; the rest speaks engine/contract.',
      severity: 'error',
      from: { path: '^packages/server/src', pathNot: `^packages/server/src/(engine/embedded|app/)|${notTest}` },
      to: { path: '^packages/media/' },
    },
    {
      name: 'module-inside-is-private',
      comment: "A module may use another module's contract.ts, never its inside.",
      severity: 'error',
      from: { path: '^packages/server/src/modules/(interact/[^/]+|[^/]+)/', pathNot: notTest },
      to: {
        path: '^packages/server/src/modules/([^/]+)/',
        pathNot: '^packages/server/src/modules/($1/|[^/]+/contract\\.ts$|interact/[^/]+/contract\\.ts$)',
      },
    },
    {
      name: 'modules-use-contracts',
      comment: 'Only app/ names concrete classes: modules see state and engine by their contracts.',
      severity: 'error',
      from: { path: '^packages/server/src/modules/', pathNot: notTest },
      to: { path: '^packages/server/src/(state|engine|app|cli)/', pathNot: '/contract\\.ts$' },
    },
    {
      name: 'only-app-and-cli-wire',
      severity: 'error',
      from: { path: '^packages/server/src/(state|database|engine)/', pathNot: notTest },
      to: { path: '^packages/server/src/(modules|app|cli)/', pathNot: '/contract\\.ts$' },
    },
    {
      name: 'packages-by-their-index',
      comment: 'Across packages only the index is imported, by the package name; tests may share what is in testing/.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: { path: '^packages/([^/]+)/src/', pathNot: '^packages/($1/|[^/]+/src/(index\\.ts$|testing/))' },
    },
    {
      name: 'testing-is-for-tests',
      severity: 'error',
      from: { path: '^packages/', pathNot: notTest },
      to: { path: '^packages/[^/]+/src/testing/' },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: { path: source },
      to: { couldNotResolve: true, pathNot: '^(virtual:|~icons/|~emoji/|vue/)|\\?' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|data|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
      extensions: ['.ts', '.mjs', '.js', '.vue'],
    },
  },
};
