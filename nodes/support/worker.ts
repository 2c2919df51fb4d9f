import type { Node } from 'node-red';
import { systemClock } from '../../src/clock';
import { closed, describe, isClosed, throwIfClosed } from '../../src/errors';
import type { Line } from '../../src/line/line';
import type { Outcome } from '../../src/line/outcome';
import { errorStatus, type Run } from '../../src/line/run';
import type { SettingsReader } from '../../src/settings';
import { offer, readerOf, requiredConfigNode } from './config-nodes';
import { actorOf, messageOf, outputsOf, refuseOtherLine } from './messages';
import { createStatusLight } from './status-light';
import type { Config, Message, Red } from './types';
import { CLOSE_PATIENCE_MS, within } from './within';

/** What one type of working node does; the rest is the same for all of them. */
export interface Job<Settings> {
  outputs: number;
  /** How long a green status is true, in multiples of the line's staleAfterMinutes; null = for good. */
  staleFactor: number | null;
  /** Inputs wait for each other; otherwise the task itself answers a second run with "in-progress". */
  oneAtATime?: boolean;
  /** It changes nothing, so that it works with a line whose register map has a mistake. */
  onlyLooks?: boolean;
  /** Reads the node's own fields, once at deploy. */
  settings(read: SettingsReader): Settings;
  task(line: Line, run: Run, settings: Settings, message: Message): Promise<Outcome>;
}

/**
 * Runs the job for every input of a working node. Each input ends in exactly one outcome or one done(err), also when the
 * node closes in the middle; nothing is sent once it closes, and it closes within 2 s whatever the run is doing.
 */
export function startWorker<Settings>(RED: Red, node: Node, config: Config, job: Job<Settings>): void {
  const closing = new AbortController();
  const light = createStatusLight((status) => node.status(status));
  const settings = offer(node, () => job.settings(readerOf(config)));
  const lineOf = (): Line => requiredConfigNode(RED, 'mo-line', config, 'line')[job.onlyLooks ? 'look' : 'line']();
  const unanswered = new Set<(error?: Error) => void>();
  const running = new Set<Promise<void>>();
  let lastRun = Promise.resolve();

  function showError(error: unknown): void {
    light.show(errorStatus(error, systemClock.now()));
  }

  async function work(message: Message, send: (outputs: ReturnType<typeof outputsOf>) => void): Promise<void> {
    let errorsLogged = 0;
    const run: Run = {
      actor: actorOf(message),
      signal: closing.signal,
      log(level, text) {
        if (level === 'error') errorsLogged += 1;
        logLine(node, level, text);
      },
      progress: (text) => light.progress(text),
    };
    try {
      throwIfClosed(closing.signal);
      const line = lineOf();
      refuseOtherLine(message, line.line);
      const outcome = await job.task(line, run, settings(), message);
      throwIfClosed(closing.signal);
      light.show(outcome.status, job.staleFactor === null ? undefined : job.staleFactor * line.staleAfterMinutes);
      send(outputsOf(message, line.line, outcome, job.outputs));
    } catch (error) {
      // With a catch node in the flow done(err) writes nothing to the log. Being stopped by a deploy is no error to look for.
      const level = isClosed(error) ? 'info' : 'error';
      if (errorsLogged === 0) logLine(node, level, describe(error));
      showError(error);
      throw error;
    }
  }

  node.on('input', (input, send, done) => {
    const answer = (error?: Error): void => {
      if (unanswered.delete(answer)) done(error);
    };
    unanswered.add(answer);
    const start = (): Promise<void> => work(messageOf(input), send);
    const ended = (job.oneAtATime ? lastRun.then(start) : start()).then(
      () => answer(),
      (error: unknown) => answer(error instanceof Error ? error : new Error(String(error))),
    );
    running.add(ended);
    lastRun = ended.finally(() => running.delete(ended));
  });

  node.on('close', (done: () => void) => {
    closing.abort();
    light.close();
    void within(CLOSE_PATIENCE_MS, Promise.all(running)).then(() => {
      for (const answer of unanswered) answer(closed());
      done();
    });
  });

  try {
    settings();
    lineOf();
    // What an earlier deploy showed is over.
    node.status({});
  } catch (error) {
    showError(error);
  }
}

function logLine(node: Node, level: 'info' | 'warn' | 'error', text: string): void {
  if (level === 'error') node.error(text);
  else if (level === 'warn') node.warn(text);
  else node.log(text);
}
