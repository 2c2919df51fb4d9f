import { SmartMoError } from '../errors';

/** Puts the quoted schema name where a statement says `{schema}`; the one place where a name gets into SQL. */
export type RenderSql = (sql: string) => string;

const SCHEMA_NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/** @throws SmartMoError CONFIG_INVALID for a name outside ^[a-z_][a-z0-9_]{0,62}$ */
function checkSchema(name: string): string {
  if (SCHEMA_NAME.test(name)) return name;
  throw new SmartMoError(
    'CONFIG_INVALID',
    `"${name}" cannot be the schema: use lower-case letters, digits and _, not starting with a digit, at most 63 characters`,
    { value: name },
  );
}

/** Statements are constants of the source, so each text is rendered once. */
export function createRenderer(schema: string): RenderSql {
  const quoted = `"${checkSchema(schema)}"`;
  const rendered = new Map<string, string>();
  return (sql) => {
    let text = rendered.get(sql);
    if (text === undefined) {
      text = sql.replaceAll('{schema}', quoted);
      rendered.set(sql, text);
    }
    return text;
  };
}
