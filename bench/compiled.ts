import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import Module from 'node:module';
import path from 'node:path';
import type * as TypeScript from 'typescript';

/** The part of a module that loads it; Node.js keeps it for loaders like this one, its types do not tell. */
interface Loading extends NodeJS.Module {
  _compile(code: string, file: string): void;
}

const { _extensions: extensions } = Module as unknown as { _extensions: Record<string, (module: Loading, file: string) => void> };

/** By what was compiled: the many processes of the bench, and the next run, do not load the compiler for what did not change. */
const KEPT = path.join(__dirname, '..', 'node_modules', '.cache', 'bench');
mkdirSync(KEPT, { recursive: true });

/**
 * From here on what is required is compiled as the package is, by TypeScript: the code that tsx makes gives every function its
 * name again each time it is made, and a gate that took 92 us of processor time took 117.
 */
extensions['.ts'] = (module, file) => {
  const source = readFileSync(file, 'utf8');
  const kept = path.join(KEPT, `${createHash('sha256').update(source).digest('hex')}.js`);
  module._compile(readKept(kept) ?? keep(kept, compile(source, file)), file);
};

function compile(source: string, fileName: string): string {
  const { ModuleKind, ScriptTarget, transpileModule } = module.require('typescript') as typeof TypeScript;
  const compilerOptions = { target: ScriptTarget.ES2022, module: ModuleKind.CommonJS, esModuleInterop: true };
  return transpileModule(source, { compilerOptions, fileName }).outputText;
}

function readKept(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** Whole or not at all: several processes begin at once. */
function keep(file: string, code: string): string {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, code);
  renameSync(own, file);
  return code;
}
