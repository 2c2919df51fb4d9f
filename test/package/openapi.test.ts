import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ERROR_CODES } from '../../src/errors';
import { example } from '../support/example';
import { assertDocumented, documentedEndpoints, openapi } from '../support/openapi';
import { checkout } from '../support/tarball';

describe('docs/openapi.json', () => {
  it('has every endpoint of example 04, and no other', () => {
    const endpoints = example('04 - Operator HTTP API').flatMap(({ type, method, url }) =>
      type === 'http in' ? [`${String(method).toUpperCase()} ${String(url)}`] : [],
    );
    assert.deepEqual(documentedEndpoints().sort(), endpoints.sort());
  });

  it('is of this version', () => {
    const { version } = JSON.parse(readFileSync(path.join(checkout, 'package.json'), 'utf8')) as { version: string };
    assert.equal(openapi.info.version, version);
  });

  it('refers only to what is there', () => {
    const references = [...JSON.stringify(openapi).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, pointer = '']) => pointer.split('/'));
    assert.ok(references.length > 50);
    for (const parts of references) {
      const found = parts.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], openapi);
      assert.notEqual(found, undefined, parts.join('/'));
    }
  });

  it('names no other code than the product has', () => {
    const text = JSON.stringify(openapi);
    for (const [code = ''] of text.matchAll(/\b(?:ODOO|PLC|DB|MAP|CONFIG|INPUT|BATCH|LINE)_[A-Z_]+\b/g))
      assert.ok(code in ERROR_CODES, code);
  });

  it('and its check refuses an answer that is not as described', () => {
    const health = { line: 'main', at: '2026-01-31T13:05:00.000Z', text: 'all well', status: 'ok', issues: [] };
    assertDocumented('GET', '/admin/health', { status: 200, body: { status: 'success', data: health } });
    const wrong = [{ ...health, status: 'fine' }, { ...health, at: 'noon' }, { ...health, issues: [{}] }, {}];
    for (const data of wrong) {
      assert.throws(
        () => assertDocumented('GET', '/admin/health', { status: 200, body: { status: 'success', data } }),
        JSON.stringify(data),
      );
    }
    assert.throws(() => assertDocumented('GET', '/admin/health', { status: 404, body: {} }), /not in docs/);
    assert.throws(() => assertDocumented('GET', '/admin/nothing', { status: 200, body: {} }), /not in docs/);
  });
});
