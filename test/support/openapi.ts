import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020';
import { checkout } from './tarball';

/** As much of an OpenAPI document as tests look at. */
export interface OpenApi {
  info: { version: string };
  paths: Record<string, Record<string, { responses: Record<string, object> }>>;
  components: { schemas: Record<string, object> };
}

export const openapi = JSON.parse(readFileSync(path.join(checkout, 'docs', 'openapi.json'), 'utf8')) as OpenApi;

const ROOT = 'openapi.json';
const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true, formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ } });
// The document as a whole is no schema; parts of it are.
for (const keyword of Object.keys(openapi)) ajv.addKeyword(keyword);
ajv.addSchema(openapi, ROOT, false, false);

/** Every endpoint of the document as "POST /admin/manual/cancel-batch/:batch_no". */
export function documentedEndpoints(): string[] {
  return Object.entries(openapi.paths).flatMap(([url, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${url.replace(/\{(\w+)\}/g, ':$1')}`),
  );
}

/**
 * Fails unless the document has this endpoint with this status, and the body is what it says.
 * @param url without host, with or without a query
 * @param type of the content, without parameters
 */
export function assertDocumented(
  method: string,
  url: string,
  { status, body }: { status: number; body: unknown },
  type = 'application/json',
): void {
  const [asked = ''] = url.split('?');
  const template = Object.keys(openapi.paths).find((entry) => new RegExp(`^${entry.replace(/\{\w+\}/g, '[^/]+')}$`).test(asked));
  const pointer = ['paths', template ?? asked, method.toLowerCase(), 'responses', String(status)];
  const what = `${method} ${url}: ${status}`;
  const response = at(pointer) as { $ref?: string } | undefined;
  assert.ok(response, `${what} is not in docs/openapi.json`);
  const where = response.$ref ?? `#/${pointer.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`;
  const validate = ajv.getSchema(`${ROOT}${where}/content/${type.replace('/', '~1')}/schema`);
  assert.ok(validate, `${what} has no schema for ${type}`);
  assert.ok(validate(body), `${what}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(body).slice(0, 2000)}`);
}

/** A body that is no JSON, at the address of a slot: Node-RED reads bodies there before any node does, and answers in HTML. */
export async function assertRefusedByNodeRed({ url }: { url: string }, token: string): Promise<void> {
  const where = '/admin/manual/cancel-batch/1';
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const answer = await fetch(url + where, { method: 'POST', headers, body: '{"mo_id": ' });
  const [type] = (answer.headers.get('content-type') ?? '').split(';');
  const body = await answer.text();
  assert.deepEqual([answer.status, type], [400, 'text/html'], body);
  assert.match(body, /SyntaxError: Unexpected end of JSON input/);
  assertDocumented('POST', where, { status: answer.status, body }, type);
}

function at(pointer: readonly string[]): unknown {
  return pointer.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], openapi);
}
