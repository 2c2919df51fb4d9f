import type { Client, Connection, Submittable } from 'pg';

/** The part of pg's connection that COPY needs and its types do not tell. */
interface CopyConnection extends Connection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** COPY ... FROM STDIN of a ready buffer: the quickest way that PostgreSQL offers to get rows in. */
export function copyIn(client: Client, table: string, rows: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    const copy = {
      submit: (connection: Connection) => connection.query(`COPY ${table} FROM STDIN`),
      handleCopyInResponse(connection: CopyConnection) {
        connection.sendCopyFromChunk(rows);
        connection.endCopyFrom();
      },
      handleCommandComplete: () => undefined,
      handleError: (error: Error) => void (failure = error),
      handleReadyForQuery: () => (failure ? reject(failure) : resolve()),
    };
    client.query(copy as Submittable);
  });
}

/** A row in COPY's text format; null is \N. */
export function copyLine(values: readonly (string | number | object | null)[]): string {
  const cells = values.map((value) => {
    if (value === null) return '\\N';
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    return text.replace(/[\\\t\n\r]/g, (found) => `\\${{ '\\': '\\', '\t': 't', '\n': 'n', '\r': 'r' }[found] ?? ''}`);
  });
  return `${cells.join('\t')}\n`;
}
