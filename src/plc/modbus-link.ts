import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type ModbusRTU from 'modbus-serial';
import { connectionWords, failedCall } from '../connection-words';
import { SmartMoError } from '../errors';
import { say } from '../sentence';
import { onFirstUse } from '../first-use';
import { createFrameGuard } from './modbus-guard';
import type { FrameGuard } from './modbus-guard';
import { exceptionError, nameOf } from './modbus-request';
import type { ModbusRequest } from './modbus-request';
import { placeOf } from './modbus-settings';
import type { ModbusSettings } from './modbus-settings';

/** modbus-serial, loaded with the first connection: a start of Node-RED does not wait for it. */
const library = onFirstUse(() => module.require('modbus-serial') as typeof ModbusRTU);

/** One connection with a client of its own. It is never opened again: after any fault the next request gets a new one. */
export interface Link {
  /** One request at a time. Rejects with a SmartMoError; only after PLC_EXCEPTION the link is still usable. */
  request(request: ModbusRequest): Promise<number[]>;
  isOpen(): boolean;
  /** Ends the connection and fails the request in flight with that error. */
  destroy(reason: SmartMoError): void;
}

/**
 * Connects, with a deadline of one request's time.
 * @throws SmartMoError PLC_UNREACHABLE, CONFIG_INVALID (no serial port software on this machine)
 */
export async function openLink(settings: ModbusSettings, signal: AbortSignal): Promise<Link> {
  return settings.transport === 'serial' ? openSerial(settings) : openSocket(settings, signal);
}

async function openSocket(settings: ModbusSettings, signal: AbortSignal): Promise<Link> {
  const socket = await connectSocket(settings, signal);
  const client = new (library())();
  const guard = createFrameGuard(settings.transport === 'tcp' ? 'tcp' : 'rtu', settings.unit);
  const link = createLink(settings, client, guard, () => socket.destroy());
  // Before the library's own listeners: what the guard refuses never becomes an answer.
  socket.on('data', (chunk: Buffer) => {
    const fault = guard.feed(chunk);
    if (fault) link.destroy(answerError(settings, fault));
  });
  socket.on('end', () => link.destroy(unreachable(settings, 'the PLC closed the connection')));
  socket.on('error', (error) => link.destroy(unreachable(settings, error)));
  socket.on('close', () => link.destroy(unreachable(settings, 'the connection was lost')));
  if (settings.transport === 'tcp') await client.linkTCP(socket, { port: settings.port });
  else await client.linkTelnet(socket, { port: settings.port });
  return link;
}

function connectSocket(settings: ModbusSettings, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: settings.host, port: settings.port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 });
    const fail = (why: unknown) => (): void => {
      done();
      socket.destroy();
      reject(unreachable(settings, why));
    };
    const onAbort = fail('stopped');
    const timer = setTimeout(fail(`no connection within ${settings.timeout} s`), settings.timeout * 1000);
    const onError = (error: Error): void => fail(error)();
    const onConnect = (): void => {
      done();
      resolve(socket);
    };
    // The error listener stays until the link has its own: an error without a listener would end Node-RED.
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('connect', onConnect);
    };
    socket.on('error', onError);
    socket.on('connect', onConnect);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

async function openSerial(settings: ModbusSettings): Promise<Link> {
  const { device, baudRate, dataBits, parity, stopBits, timeout } = settings;
  const client = new (library())();
  const link = createLink(settings, client, null, () => client.close(() => undefined));
  client.on('error', (error: unknown) => link.destroy(unreachable(settings, error)));
  client.on('close', () => link.destroy(unreachable(settings, 'the serial port was closed')));
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not open within ${timeout} s`)), timeout * 1000);
  });
  const opening = client.connectRTUBuffered(device, { baudRate, dataBits, parity, stopBits }).then(() => {
    // Too late: nobody would close it any more.
    if (!link.isOpen()) client.close(() => undefined);
  });
  try {
    await Promise.race([opening, deadline]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') {
      throw new SmartMoError(
        'CONFIG_INVALID',
        'serial ports need the optional package serialport, which is not installed here; install it, or use tcp or rtu-tcp',
      );
    }
    const failure = unreachable(settings, error);
    link.destroy(failure);
    throw failure;
  } finally {
    clearTimeout(timer);
  }
  return link;
}

function createLink(settings: ModbusSettings, client: ModbusRTU, guard: FrameGuard | null, end: () => void): Link {
  let endedBy: SmartMoError | null = null;
  let pending: { asked: ModbusRequest; reject: (reason: SmartMoError) => void } | null = null;
  // One for all requests: a new one for each would cost more than to look at the answer. When nothing is pending it rings for nobody.
  const deadline = setTimeout(() => pending && destroy(timedOut(settings, pending.asked)), settings.timeout * 1000);

  function destroy(reason: SmartMoError): void {
    if (endedBy) return;
    endedBy = reason;
    clearTimeout(deadline);
    end();
    fail(reason);
  }

  function fail(reason: SmartMoError): void {
    const failed = pending;
    pending = null;
    failed?.reject(aboutRequest(reason, failed.asked));
  }

  function request(asked: ModbusRequest): Promise<number[]> {
    if (endedBy) return Promise.reject(aboutRequest(endedBy, asked));
    return new Promise((resolve, reject) => {
      deadline.refresh();
      pending = { asked, reject };
      guard?.expect(asked);
      send(client, settings.unit, asked, (error, words) => {
        if (error) {
          const { modbusCode } = error as { modbusCode?: unknown };
          if (typeof modbusCode === 'number') fail(exceptionError(placeOf(settings), asked, modbusCode));
          else destroy(answerError(settings, `gave an answer that is not Modbus (${messageOf(error)})`));
        } else if (words) {
          pending = null;
          resolve(words);
        } else destroy(answerError(settings, `answered ${String(nameOf(asked))} with something else`));
      });
    });
  }

  return { request, isOpen: () => endedBy === null, destroy };
}

/** @param done gets the words read, or none for a write; null when the answer does not fit the request */
function send(client: ModbusRTU, unit: number, asked: ModbusRequest, done: (error: unknown, words: number[] | null) => void): void {
  const { address } = asked;
  if (asked.kind === 'write') {
    client.writeFC16(unit, address, [...asked.words], (error: unknown, echo) => {
      done(error, !error && echo.address === address && echo.length === asked.words.length ? [] : null);
    });
    return;
  }
  const { count } = asked;
  const read: Parameters<typeof client.writeFC3>[3] = (error: unknown, answer) => {
    done(error, !error && answer.data.length === count && answer.buffer.length === 2 * count ? answer.data : null);
  };
  if (asked.area === 'holding') client.writeFC3(unit, address, count, read);
  else client.writeFC4(unit, address, count, read);
}

/** After a write was sent nobody knows whether it was carried out. */
function aboutRequest(reason: SmartMoError, asked: ModbusRequest): SmartMoError {
  if (asked.kind === 'read' || reason.code === 'PLC_EXCEPTION' || reason.code === 'CLOSED') return reason;
  return new SmartMoError(reason.code, reason.sentence, { class: 'unknown', value: reason.value, detail: reason.detail });
}

function timedOut(settings: ModbusSettings, asked: ModbusRequest): SmartMoError {
  return new SmartMoError(
    'PLC_TIMEOUT',
    say`${placeOf(settings)} did not answer ${nameOf(asked)} within ${settings.timeout} s; check the unit number, and that the PLC runs and has a free connection`,
    { class: 'transient', value: settings.timeout },
  );
}

function answerError(settings: ModbusSettings, fault: string): SmartMoError {
  return new SmartMoError('PLC_ANSWER', `${placeOf(settings)} ${fault}; the connection is made anew`, { class: 'transient' });
}

/** @param why in words, or what the connection failed with: then the call stays for the log */
function unreachable(settings: ModbusSettings, why: unknown): SmartMoError {
  const words = connectionWords(why);
  return new SmartMoError(
    'PLC_UNREACHABLE',
    say`no connection to ${placeOf(settings)}: ${words ?? failedCall(why)}; check cable, address, port and power of the PLC`,
    {
      class: 'transient',
      detail: words === undefined ? undefined : failedCall(why),
    },
  );
}

function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | null)?.message;
  return typeof message === 'string' ? message : String(error);
}
