import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Definition, loadPalette } from '../support/palette';

/** The properties of contract.md with their defaults; `name` and `line` of the working nodes are checked apart. */
const PROPERTIES: Record<string, Record<string, unknown>> = {
  'mo-database': {
    mode: 'postgres',
    host: 'localhost',
    port: 5432,
    database: 'smart_mo',
    schema: 'public',
    poolSize: 5,
    directory: 'smart-mo-sync/postgres',
    tls: '',
  },
  'mo-odoo': { url: '', database: '', protocol: 'auto', timeout: 30, quietTime: 150, retryMin: 2, retryMax: 300, tls: '' },
  'mo-plc': {
    transport: 'tcp',
    host: '',
    port: 502,
    unit: 1,
    timeout: 2,
    device: '',
    baudRate: 19200,
    dataBits: 8,
    parity: 'even',
    stopBits: 1,
    planning: 'slot',
    maxWords: 125,
    maxGap: 50,
  },
  'mo-line': {
    line: 'main',
    database: '',
    odoo: '',
    plc: '',
    slots: 10,
    map: '',
    materials: [],
    recipes: 'write',
    scaleManual: false,
    scaleBom: false,
    recipeTolerance: 20,
    weightTolerance: 30,
    onMismatch: 'fail',
    onFailedBit: 'alarm',
    mode: 'live',
    staleAfterMinutes: 15,
  },
  'mo-queue-gate': { enabled: 'ENABLE_AUTO_SYNC', enabledType: 'env', stuckAfterMinutes: 30 },
  'odoo-fetch-mo': { limit: '10', limitType: 'num', filter: '', preview: false },
  'plc-batch-writer': { clearUnused: true, checkOdoo: 'prefer' },
  'plc-batch-reader': { source: 'plc', settle: 2, settleTimeout: 10, acknowledge: true },
  'batch-completer': { markDone: true, maxAttempts: 10, concurrency: 1, strictConsumption: false, noteTemplate: '' },
  'batch-action': { action: 'retry' },
  'batch-cancel': { cancelInOdoo: true, freeSlot: false, notesTemplate: '{{payload.notes}}', reasons: [] },
  'batch-monitor': { report: 'health', stuckAfterMinutes: 30, remindAfterMinutes: 240 },
  'mo-odoo-simulator': { port: 8069, version: '17', orders: 25, quantity: 1000, latency: 0, seed: 1 },
  'mo-plc-simulator': { port: 5020, batchTime: 60, speed: 1, deviation: 1, seed: 1 },
};

const CREDENTIALS: Record<string, Record<string, string>> = {
  'mo-database': { url: 'password', user: 'text', password: 'password' },
  'mo-odoo': { login: 'text', password: 'password' },
};

const PORTS: Record<string, string[]> = {
  'mo-queue-gate': ['empty: fetch', 'wait'],
  'odoo-fetch-mo': ['queued', 'nothing queued'],
  'plc-batch-writer': ['run done', 'not loaded'],
  'plc-batch-reader': ['read', 'bad slot'],
  'batch-completer': ['run done', 'not completed', 'queue empty'],
  'batch-action': ['done', 'refused'],
  'batch-cancel': ['cancelled', 'refused'],
  'batch-monitor': ['report', 'alarm'],
  'mo-odoo-simulator': ['event'],
  'mo-plc-simulator': ['event'],
};

const NODES = path.resolve(__dirname, '../../nodes');

interface Catalogue {
  port?: Record<string, string>;
  error?: Record<string, string>;
}

function catalogue(type: string): Catalogue {
  const file = JSON.parse(readFileSync(path.join(NODES, 'locales/en-US', `${type}.json`), 'utf8')) as Record<string, Catalogue>;
  return file[type] ?? {};
}

/** A value from another realm, as this realm compares it. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe('dialogs', () => {
  const palette = loadPalette();
  const definitionOf = (type: string): Definition => {
    const entry = palette.get(type);
    assert.ok(entry, `no dialog registers ${type}`);
    return entry.definition;
  };

  it('register exactly the thirteen types, each in the file of its name', () => {
    const files = readdirSync(NODES)
      .filter((file) => file.endsWith('.html'))
      .map((file) => path.basename(file, '.html'));
    assert.deepEqual([...palette.keys()].sort(), Object.keys(PROPERTIES).sort());
    assert.deepEqual(files.sort(), Object.keys(PROPERTIES).sort());
  });

  for (const [type, properties] of Object.entries(PROPERTIES)) {
    describe(type, () => {
      const { defaults, category, credentials, outputs, inputs } = definitionOf(type);

      it('has the properties and defaults of the contract', () => {
        const { name, ...own } = defaults;
        assert.equal(name?.value, '');
        if (category !== 'config' && type !== 'mo-odoo-simulator') {
          const { line } = own;
          delete own['line'];
          assert.deepEqual({ type: line?.type, required: line?.required }, { type: 'mo-line', required: true });
        }
        assert.deepEqual(plain(Object.fromEntries(Object.entries(own).map(([key, { value }]) => [key, value]))), properties);
        assert.equal('status' in defaults, false);
      });

      it('keeps secrets as credentials', () => {
        const types = Object.entries(credentials ?? {}).map(([key, { type: kind }]) => [key, kind]);
        assert.deepEqual(Object.fromEntries(types), CREDENTIALS[type] ?? {});
      });

      it('accepts its defaults, a variable in every field, and refuses nonsense with a sentence', () => {
        const node = { ...Object.fromEntries(Object.entries(defaults).map(([key, { value }]) => [key, value])), _: (key: string) => key };
        for (const [key, { value, validate }] of Object.entries(defaults)) {
          if (!validate) continue;
          // Node-RED lets a validator return a sentence only when it takes two arguments.
          assert.equal(validate.length, 2, key);
          const verdict = validate.call(node, value, {});
          if (value !== '') assert.equal(verdict, true, `${key} ${JSON.stringify(value)}: ${String(verdict)}`);
          if (!Array.isArray(value)) assert.equal(validate.call(node, '${NAME}', {}), true, key);
          const nonsense = Array.isArray(value) ? [{ tag: '', product: '' }] : key === 'device' ? '' : '../ no such thing';
          const sentence = validate.call(
            { ...node, transport: key === 'device' ? 'serial' : 'tcp' },
            key === 'host' || key === 'database' ? '' : nonsense,
            {},
          );
          assert.ok(typeof sentence === 'string', `${key} accepts ${JSON.stringify(nonsense)}`);
          const error = sentence.split('.').at(-1) ?? '';
          assert.match(catalogue(type).error?.[error] ?? '', /^[A-Z_].*\w+/, `${sentence} has no text`);
        }
      });

      if (category !== 'config') {
        it('names its ports', () => {
          const ports = PORTS[type] ?? [];
          assert.equal(inputs, 1);
          assert.equal(outputs, ports.length);
          assert.deepEqual(Object.values(catalogue(type).port ?? {}), ports);
        });
      }
    });
  }
});
