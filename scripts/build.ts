import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

/**
 * Compiles nodes/ and src/ to dist/ and puts the rest beside the compiled code, where Node-RED looks for it:
 * dialogs, locales, and the icons in the folder `icons` of the nodes.
 * The new dist is made aside and swapped in whole: nothing of an old build stays, and a failed build leaves the old one alone.
 */
const root = path.resolve(__dirname, '..');
const dist = path.join(root, 'dist');
const fresh = path.join(root, 'node_modules', '.cache', `dist-${process.pid}`);
mkdirSync(fresh, { recursive: true });

const tsc = spawnSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', root, '--outDir', fresh], { stdio: 'inherit' });
if (tsc.status === 0) {
  for (const folder of ['nodes', 'src']) {
    cpSync(path.join(root, folder), path.join(fresh, folder), { recursive: true, filter: (file) => !file.endsWith('.ts') });
  }
  cpSync(path.join(root, 'icons'), path.join(fresh, 'nodes', 'icons'), { recursive: true });
  rmSync(dist, { recursive: true, force: true });
  renameSync(fresh, dist);
}
rmSync(fresh, { recursive: true, force: true });
process.exitCode = tsc.status ?? 1;
