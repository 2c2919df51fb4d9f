import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { skip } from '../support/skip';

const run = promisify(execFile);

/** Each model holds the code as built and the broken variants it replaced. A model that cannot fail proves nothing. */
const VARIANTS = [
  { model: 'gate', variant: 'MODE=0', holds: false, what: 'a count, then an insert' },
  { model: 'gate', variant: 'MODE=1', holds: false, what: 'a count under a lock' },
  { model: 'gate', variant: 'MODE=2', holds: true, what: 'a fetch number that can be used once' },
  { model: 'handshake', variant: 'SHUT=0', holds: false, what: 'a recipe written while the PLC may take it' },
  { model: 'handshake', variant: 'SHUT=1', holds: true, what: 'the door shut first' },
  { model: 'push', variant: 'ODOO=0', holds: false, what: 'an adding endpoint, repeated blindly' },
  { model: 'push', variant: 'ODOO=1', holds: false, what: 'an adding endpoint, read before each try' },
  { model: 'push', variant: 'ODOO=2', holds: true, what: 'absolute values, refused once done' },
  { model: 'row', variant: 'STEPS=0', holds: false, what: 'flags without a guard' },
  { model: 'row', variant: 'STEPS=1', holds: true, what: 'guarded steps' },
] as const;

describe('models, searched through to the last state', function () {
  this.timeout(60_000);
  let folder = '';

  before(async function () {
    try {
      await run('spin', ['-V']);
      await run('gcc', ['--version']);
    } catch {
      skip(this, 'no model checker: install spin and gcc');
    }
    folder = await mkdtemp(path.join(tmpdir(), 'smart-mo-models-'));
  });

  after(() => (folder ? rm(folder, { recursive: true, force: true }) : undefined));

  for (const { model, variant, holds, what } of VARIANTS) {
    it(`${model}: ${what} ${holds ? 'holds' : 'fails'}`, async () => {
      await run('spin', [`-D${variant}`, '-a', path.join(__dirname, `${model}.pml`)], { cwd: folder });
      await run('gcc', ['-O2', '-w', '-DSAFETY', '-o', 'pan', 'pan.c'], { cwd: folder });
      const { stdout } = await run('./pan', ['-m200000'], { cwd: folder });
      assert.match(stdout, /errors: \d+/, stdout);
      assert.doesNotMatch(stdout, /max search depth too small/, 'the search is not exhaustive');
      assert.equal(/errors: 0\b/.test(stdout), holds, stdout);
    });
  }
});
