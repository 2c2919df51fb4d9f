import { SmartMoError } from '../../src/errors';
import { explain, type ProbeResult } from '../../src/probe/probe';
import { inLanguage, type Phrases, say, type Text } from '../../src/sentence';
import { type Credentials, dialogValues, type DialogValues } from './dialog-values';
import { refusalOf } from './editor-access';
import { phrasesOf } from './phrases';
import type { ConfigNodes, Red } from './types';

/** Shorter ones are words such as "demo" or "admin" that stand in other fields as well. */
const SHORTEST_SECRET = 6;

/** What every editor route answers at least; the rest is added where all went well. */
export interface Answer {
  ok: boolean;
  text: Text;
  details?: readonly unknown[];
}

export interface EditorRoute<Found extends Answer> {
  /** Below smart-mo-sync/; where it ends with `:id` the body must be the dialog of that node. */
  path: string;
  /** Whose dialog the body is. */
  type: keyof ConfigNodes;
  /** As given to registerType. */
  credentials?: Credentials;
  /** It changes something outside: then `editorRoutes: "any"` is not enough, only a login or this machine itself. */
  writes?: boolean;
  /** Ends within seconds. */
  answer(values: DialogValues): Promise<Found> | Found;
}

export interface TestButton {
  credentials?: Credentials;
  /** Looks, changes nothing, ends within seconds. */
  test(values: DialogValues): Promise<ProbeResult>;
}

/**
 * The route behind the Test button of a configuration dialog, POST smart-mo-sync/test/<type> with the values of the dialog, and
 * the one that tells what the variables in its fields hold now.
 */
export function offerTest(RED: Red, type: keyof ConfigNodes, { credentials = {}, test }: TestButton): void {
  offerRoute<ProbeResult>(RED, { path: `test/${type}`, type, credentials, answer: test });
  offerRoute(RED, { path: `variables/${type}`, type, credentials, answer: ({ variables }) => ({ ok: true, text: '', variables }) });
}

/**
 * A route of the editor: POST with the values of a dialog. It asks for the right to deploy, because whoever may deploy could
 * reach the same systems with the same secrets.
 */
export function offerRoute<Found extends Answer>(RED: Red, route: EditorRoute<Found>): void {
  const { path, type, credentials = {} } = route;

  async function answer(id: string | undefined, body: unknown, phrases: Phrases): Promise<object> {
    let secrets: string[] = [];
    const told = (found: Answer): object => withoutSecrets(inLanguage(found, phrases), secrets);
    try {
      const values = dialogValues(RED, type, credentials, body);
      if (id !== undefined && id !== values.config.id) {
        throw new SmartMoError('INPUT_INVALID', say`the request is about ${id}, the dialog in it about ${values.config.id}`);
      }
      secrets = secretsIn(values, credentials);
      return told(await route.answer(values));
    } catch (error) {
      return told({ ok: false, text: explain(error), details: [] });
    }
  }

  RED.httpAdmin.post(`/smart-mo-sync/${path}`, RED.auth.needsPermission('flows.write'), (request, response) => {
    const refusal = refusalOf(request, RED.settings, route.writes ?? false);
    const phrases = phrasesOf(request.headers['accept-language']);
    if (refusal) response.status(refusal.status).json(inLanguage({ ok: false, text: refusal.text, details: [] }, phrases));
    else void answer(paramOf(request.params), request.body, phrases).then((result) => response.json(result));
  });
}

function paramOf({ id }: { id?: string | string[] }): string | undefined {
  return typeof id === 'string' ? id : undefined;
}

function secretsIn({ credentials: values }: DialogValues, credentials: Credentials): string[] {
  const typed = Object.keys(credentials).filter((key) => credentials[key]?.type === 'password');
  return typed.map((key) => values[key]).filter((value): value is string => typeof value === 'string' && value.length >= SHORTEST_SECRET);
}

/** Second line of defence: no sentence of ours holds a secret, one of the other side might. */
function withoutSecrets(found: unknown, secrets: readonly string[]): object {
  const clean = (value: unknown): unknown => {
    if (typeof value === 'string') return secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), value);
    if (Array.isArray(value)) return value.map(clean);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, clean(entry)]));
  };
  return clean(found) as object;
}
