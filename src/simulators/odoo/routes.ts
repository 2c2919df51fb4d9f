import { fixed, json, page } from './http-exchange';
import type { Host, HttpRequest, Request } from './http-exchange';
import { rpcRequest, service } from './json-rpc';
import { json2Request } from './json2';
import { scadaRequest } from './scada';
import { versionAnswer, versionInfo } from './versions';
import { webAuthenticate, webCall, webDestroy } from './web-session';

/** Finds out what a request asks for. Nothing is run before `run()`. */
export function understand(request: HttpRequest, host: Host): Request {
  const { path } = request;
  const { rules } = host;
  if (rules.health && path === '/web/health') return fixed('health', json({ status: 'pass' }));
  if (rules.json2 && path === '/web/version') return fixed('version', json({ version_info: versionInfo(rules), version: rules.series }));
  if (rules.json2 && path.startsWith('/json/2/')) return json2Request(request, host);
  if (rules.scada && path.startsWith('/api/scada/')) return scadaRequest(request, host);
  if (path === '/jsonrpc') return rpcRequest(request, host, (envelope) => service(host, envelope));
  if (path === '/web/webclient/version_info')
    return rpcRequest(request, host, () => ({ method: 'version_info', ids: [], open: true, run: () => versionAnswer(rules) }));
  if (path === '/web/session/authenticate') return rpcRequest(request, host, (envelope) => webAuthenticate(host, envelope));
  if (path === '/web/session/destroy') return rpcRequest(request, host, () => webDestroy(request, host));
  if (/^\/web\/dataset\/call_(kw|button)(\/|$)/.test(path))
    return rpcRequest(request, host, (envelope) => webCall(request, host, envelope, path.includes('call_button')));
  return noRoute(request, host);
}

/** Up to 15 a JSON request that leads nowhere is told so in JSON, with a code of its own. */
function noRoute(request: HttpRequest, host: Host): Request {
  const method = request.path.split('/').at(-1) ?? '';
  const lost = fixed(method, page(404, 'Not Found', 'Page not found'));
  if (host.rules.newHttp) return lost;
  let id: unknown;
  try {
    id = (JSON.parse(request.body) as { id?: unknown }).id ?? null;
  } catch {
    return lost;
  }
  const text =
    '404 Not Found: The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.';
  const data = { name: 'werkzeug.exceptions.NotFound', debug: '', message: text, arguments: [], context: {} };
  return fixed(method, json({ jsonrpc: '2.0', id, error: { code: 404, message: '404: Not Found', data, http_status: 404 } }, 404));
}
