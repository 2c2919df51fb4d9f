import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import manifest from '../../package.json';
import { temporaryFolder } from '../../test/support/tarball';

/** A node_modules folder with a package of as many nodes as ours, which do nothing: what Node-RED itself takes to load that many. */
export async function emptyPackage(): Promise<string> {
  const modules = path.join(await temporaryFolder('empty'), 'node_modules');
  const folder = path.join(modules, 'node-red-empty');
  await mkdir(folder, { recursive: true });
  const types = Object.keys(manifest['node-red'].nodes).map((type) => `empty-${type}`);
  for (const type of types) {
    await writeFile(path.join(folder, `${type}.js`), `module.exports = (RED) => RED.nodes.registerType('${type}', function () {});\n`);
    const dialog = `RED.nodes.registerType('${type}', { category: 'config', defaults: {}, label: '${type}' });`;
    await writeFile(path.join(folder, `${type}.html`), `<script type="text/javascript">${dialog}</script>\n`);
  }
  const nodes = Object.fromEntries(types.map((type) => [type, `${type}.js`]));
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ name: 'node-red-empty', version: '1.0.0', 'node-red': { nodes } }));
  return modules;
}

/** A new userDir in which those modules are installed. */
export async function userDirWith(modules: string): Promise<string> {
  const userDir = await temporaryFolder('userdir');
  await symlink(modules, path.join(userDir, 'node_modules'), 'junction');
  return userDir;
}
