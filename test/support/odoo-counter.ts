import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands before an Odoo and keeps what was asked: "mrp.production.write", or the path where it is no method. */
export interface Counter {
  url: string;
  asked: string[];
  /** Requests go there from now on. */
  target(url: string): void;
  close(): Promise<void>;
}

export async function startCounter(url: string): Promise<Counter> {
  let target = new URL(url);
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      asked.push(nameOf(request.url ?? '', body.toString()));
      const { method, url: path, headers } = request;
      const onward = http.request({ host: target.hostname, port: target.port, method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => request.socket.destroy());
      onward.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    target: (to) => void (target = new URL(to)),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function nameOf(path: string, body: string): string {
  if (path.startsWith('/json/2/')) return path.slice('/json/2/'.length).replace('/', '.');
  const params =
    body === '' ? {} : (JSON.parse(body) as { params: { service?: string; method?: string; args?: unknown[]; model?: string } }).params;
  if (params.service === 'object') return `${String(params.args?.[3])}.${String(params.args?.[4])}`;
  if (params.model) return `${params.model}.${String(params.method)}`;
  return params.service ? `${params.service}.${String(params.method)}` : path;
}
