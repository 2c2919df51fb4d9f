import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { templateOf } from '../../src/sentence';
import { checkout } from './tarball';

/** The English template of every sentence that the sources say in a way that the editor can translate. */
export function saidSentences(): Set<string> {
  const files = ['src', 'nodes'].flatMap((folder) =>
    readdirSync(path.join(checkout, folder), { recursive: true, encoding: 'utf8' }).map((file) => path.join(checkout, folder, file)),
  );
  const found = new Set<string>();
  function look(node: ts.Node): void {
    if (ts.isTaggedTemplateExpression(node) && node.tag.getText() === 'say') {
      const { template } = node;
      const parts = ts.isNoSubstitutionTemplateLiteral(template)
        ? [template]
        : [template.head, ...template.templateSpans.map(({ literal }) => literal)];
      found.add(templateOf(parts.map(({ text }) => text)));
    }
    ts.forEachChild(node, look);
  }
  for (const file of files.filter((name) => name.endsWith('.ts'))) {
    look(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true));
  }
  return found;
}
