import { type ErrorCode, meaningOf } from '../errors';
import type { ChangeValue } from '../line/odoo-check';
import type { GONE_ON } from '../line/row-alarms';
import { codeOf, type QueueRow } from '../queue/batch';

/** What an operator presses or whom they call, per alarm code (contract.md, codes). One table; docs/troubleshooting.md shows it. */
export const ALARM_ACTIONS = {
  'bad-value': 'Compare the register map with the PLC program, or check the scale; the batch waits until the value is good.',
  'wrong-id': 'Call the PLC programmer: the id word beside a material is not the expected one.',
  'wrong-slot': 'Call the PLC programmer: a slot shows the number or the MO of another slot.',
  'unknown-mo':
    'Find out where this MO comes from. After a restore leave the slot as it is and release the line; else clear it at the PLC.',
  'slot-missing': 'Look at the PLC: the recipe was loaded but the slot does not show it. Cancel the batch if it was lost.',
  'stale-slot': 'Stop the batch at the PLC, or let it run: it left the queue here, and nothing of it goes to Odoo.',
  'late-weight': 'Book in Odoo by hand what the sentence names, then press booked.',
  'not-settled': 'Check the scale and the finished weight of this slot; the next read tries again.',
  'recipe-mismatch': 'Compare planned and weighed quantities of the batch, then decide.',
  'weight-differs': 'Compare the sum of the materials with the finished weight.',
  'failed-bit': 'Look at the PLC: if it can go on, let it. If not, finish it by hand when the feed is good, else press cancel.',
  'both-bits': 'Tell the PLC programmer: finished and failed are set together.',
  'not-acknowledged': 'Check that the PLC accepts writes to the acknowledgement word; every read repeats it.',
  'plc-down': 'Check the network and the power of the PLC.',
  'plc-stopped': 'Call the PLC programmer: the heartbeat shows no running program.',
  'odoo-down': 'Call the ERP administrator; the line goes on, finished batches wait.',
  'odoo-key-expired': 'Make a new API key in Odoo and enter it in the mo-odoo node.',
  'odoo-version-changed': 'Nothing: pushes go on by themselves. Test in the mo-odoo node shows what Odoo says now.',
  'database-down': 'Call the database administrator; nothing is fetched, read or completed until it answers.',
  stuck: 'Check that the node "complete in Odoo" is triggered.',
  'not-pushed': 'Nothing yet: the batch is tried again by itself.',
  'failed-batch': 'Read the sentence, put right what it names, then press retry; or park the batch, and book it in Odoo by hand.',
  'odoo-auth': 'Check login and password or API key in the mo-odoo node.',
  'map-version': 'Call the PLC programmer: the PLC has another version of the register map.',
  'mo-done-in-odoo': 'Ask who did it. Press cancel: the batch fails, because its MO is done; then press park.',
  'gate-blocked': 'The alarm of each of these batches says what to do.',
  'all-in-history': 'Nothing to do if no new MO is expected; else confirm new MOs in Odoo.',
  'mo-cancelled-in-odoo': 'Press cancel: the batch has to leave the queue here too.',
  'mo-changed-in-odoo': 'Set the quantity back in Odoo; or press cancel, and make a new MO there: this one is not fetched again.',
  'map-invalid': 'Open the mo-line node: it names the mistake in the register map.',
  'map-changed': 'Put the map or the materials back until the queue is empty; or finish, cancel or park the batches that are in it.',
  'on-hold': 'Find out why, then press release.',
} as const;

export type AlarmCode = keyof typeof ALARM_ACTIONS;

/** What an alarm is, in a few plain words: for who does not know its code. */
const ALARM_WORDS: Readonly<Record<AlarmCode, string>> = {
  'bad-value': 'the PLC shows a value that cannot be',
  'wrong-id': 'the PLC shows another material than the register map',
  'wrong-slot': 'a slot shows what belongs to another one',
  'unknown-mo': 'the PLC has an MO that nobody knows',
  'slot-missing': 'the PLC has lost a recipe',
  'stale-slot': 'the PLC makes a batch that has left the queue',
  'late-weight': 'a weight came after its batch had left the queue',
  'not-settled': 'a finished weight still moves',
  'recipe-mismatch': 'weighed too far from the recipe',
  'weight-differs': 'the sum of the materials is not the finished weight',
  'failed-bit': 'the PLC says that a batch failed',
  'both-bits': 'the PLC says finished and failed at once',
  'not-acknowledged': 'the PLC does not take the acknowledgement',
  'plc-down': 'the PLC is not read',
  'plc-stopped': 'the program of the PLC stands still',
  'odoo-down': 'Odoo does not answer',
  'odoo-key-expired': 'the API key of Odoo has expired',
  'odoo-version-changed': 'Odoo was upgraded',
  'database-down': 'the database does not answer',
  stuck: 'a batch has not changed for long',
  'not-pushed': 'a batch is not in Odoo yet',
  'failed-batch': 'a batch was given up',
  'odoo-auth': 'Odoo refuses the login',
  'map-version': 'the PLC has another register map',
  'mo-done-in-odoo': 'an MO of the queue is done in Odoo already',
  'gate-blocked': 'no new MO is fetched: the queue is blocked',
  'all-in-history': 'every confirmed MO was made before',
  'mo-cancelled-in-odoo': 'an MO of the queue was cancelled in Odoo',
  'mo-changed-in-odoo': 'an MO of the queue was changed in Odoo',
  'map-invalid': 'the register map has a mistake',
  'map-changed': 'the register map changed while batches are queued',
  'on-hold': 'the line is on hold',
};

/** Alarms that are the state of a link. */
export const ODOO_LINK = ['odoo-down', 'odoo-auth', 'odoo-key-expired', 'odoo-version-changed'] as const satisfies readonly AlarmCode[];
export const PLC_LINK = ['plc-down'] as const satisfies readonly AlarmCode[];

/** Value of `plc-down` when no read failed: there was none. */
export const NOT_READ = 'not-read';

/** Value of `stuck` for a batch that the PLC has: what it waits for is there. */
export const IN_PLC = 'in-plc';

/** Value of `gate-blocked` when it is not failed batches that block the queue. */
export const NO_CHANGE = 'no-change';

type ByValue<Value extends string> = Readonly<Partial<Record<Value, string>>>;
type RefusedCancel = 'cancel-refused' | 'cancel-refused-made' | 'cancel-of-done';

/**
 * Where one code asks for different things: by the value of the alarm. For a batch that was not completed that is the code its
 * sentence begins with, for a PLC that was not read the same, for an MO that somebody touched in Odoo how far its batch is
 * (line/odoo-check), for one that failed in the PLC whether that has gone on to another.
 * Retry looks at the MO in Odoo first, so it books nothing twice; park and cancel leave what was weighed to be booked by hand.
 */
export const BY_VALUE: {
  'failed-batch': ByValue<ErrorCode | RefusedCancel | 'recipe-mismatch'>;
  'not-pushed': ByValue<ErrorCode>;
  'failed-bit': ByValue<typeof GONE_ON>;
  'plc-down': ByValue<ErrorCode | typeof NOT_READ>;
  'gate-blocked': ByValue<typeof NO_CHANGE>;
  stuck: ByValue<typeof IN_PLC>;
  'mo-cancelled-in-odoo': ByValue<ChangeValue>;
  'mo-done-in-odoo': ByValue<ChangeValue>;
  'mo-changed-in-odoo': ByValue<ChangeValue>;
} = {
  'failed-batch': {
    'cancel-refused': 'The cancellation was refused. When it is put right in Odoo, press cancel again; or press park.',
    'cancel-refused-made':
      'The cancellation was refused. When it is put right in Odoo, press cancel again; or press retry to complete the batch after all; or park, and book it by hand.',
    'cancel-of-done':
      'Compare the MO in Odoo with what was weighed, put it right there, then press park; or retry, when the batch was made.',
    ODOO_REFUSED: 'Call the ERP administrator, who puts right in Odoo what it says; only then press retry. Or park, and book it by hand.',
    ODOO_RIGHTS: 'Ask the ERP administrator to give the Odoo user this right, then press retry.',
    ODOO_ANSWER: 'Call the ERP administrator: look at the MO in Odoo, then press retry.',
    ODOO_NOT_DONE: 'Call the ERP administrator, who looks what keeps the MO open in Odoo; only then press retry.',
    ODOO_OUTCOME_UNKNOWN: 'Press retry: the MO is looked at first.',
    ODOO_DIFFERS:
      'Compare the MO in Odoo with the paper of the scale, and put it right there. Then press park; or retry, when the MO is still open.',
    ODOO_CANCELLED: 'Press cancel, and book in Odoo by hand what was weighed.',
    ODOO_CHANGED: 'Set the MO back in Odoo, then press retry; or park, and book it by hand.',
    ODOO_GONE: 'Ask the ERP administrator. Hidden: have it shown, then press retry. Deleted: press cancel, and book by hand.',
    'recipe-mismatch': 'Compare with the paper of the scale: retry books what was weighed, By hand what the paper says.',
  },
  'not-pushed': {
    ODOO_REFUSED:
      'Call the ERP administrator, who puts right in Odoo what it says: it is tried again by itself. After the third refusal you decide.',
    ODOO_RIGHTS: 'Ask the ERP administrator to give the Odoo user this right. The batch is tried again by itself.',
    ODOO_NOT_DONE: 'Look at the MO in Odoo: what keeps it open? The batch is tried again by itself.',
    ODOO_OUTCOME_UNKNOWN: 'Nothing yet: the MO is looked at before anything is sent again.',
    ODOO_GONE: 'Ask who deleted the MO in Odoo, or hides it. It is looked for once more 20 s later; then you decide.',
    MAP_CHANGED: 'Cancel the batch again without clearing its slot, or put the map back: the cancellation then goes on by itself.',
    PLC_SLOT_RUNNING: 'Take the batch out of its slot at the PLC: the cancellation then goes on by itself.',
  },
  'failed-bit': {
    'gone-on': 'Good feed: finish it by hand. Bad feed: press cancel.',
  },
  'plc-down': {
    PLC_EXCEPTION: 'Call the PLC programmer: the PLC answers, but refuses. Compare the register map with the PLC program.',
    PLC_TIMEOUT: 'Check the network and the load of the PLC; one that never answered may have another unit number.',
    PLC_ANSWER: 'Check address and unit number of the PLC: another device or a gateway answers.',
    [NOT_READ]: 'Check that the node "read batches" is triggered: by its timer, or by the messages with the slots.',
  },
  stuck: {
    [IN_PLC]:
      'Go to the PLC: see why the batch does not go on, and let it go on there. Only when it cannot: finish it by hand, or press cancel.',
  },
  'gate-blocked': {
    [NO_CHANGE]:
      'Find out why nothing moves: look at the PLC, and check that the nodes "load recipes", "read batches" and "complete in Odoo" are triggered.',
  },
  'mo-cancelled-in-odoo': {
    'not-shown':
      'Ask the ERP administrator whether it was deleted or is hidden. Press cancel only when it was deleted; if the PLC has the batch, stop it there too.',
    'not-shown-made':
      'Ask the ERP administrator whether it was deleted or is hidden. Press cancel only when it was deleted, and book in Odoo by hand what was weighed.',
    'waits-in-plc':
      'Press cancel, and take the recipe out of its slot at the PLC: nothing is dosed yet, but the PLC makes it when its turn comes.',
    'in-plc': 'Stop the batch at the PLC, or let it end there; only then press cancel, and book in Odoo by hand what was dosed.',
    made: 'Press cancel, and book in Odoo by hand what was weighed.',
  },
  'mo-done-in-odoo': {
    'waits-in-plc':
      'Ask who did it, and take the recipe out of its slot at the PLC. Press cancel: the batch fails, because its MO is done; then press park.',
    'in-plc': 'Ask who did it, and stop the batch at the PLC. Press cancel: the batch fails, because its MO is done; then press park.',
    made: 'Nothing yet: what Odoo shows is compared with what was weighed as soon as the batch is completed.',
  },
  'mo-changed-in-odoo': {
    'waits-in-plc':
      'Set the quantity back in Odoo: the PLC has the recipe of the old one. Or press cancel, and take the recipe out of its slot at the PLC.',
    'in-plc': 'Set the quantity back in Odoo: the PLC makes the old one. Or stop the batch at the PLC first, then press cancel.',
    made: 'Set the quantity back in Odoo: the PLC has made the old one. A batch that has failed for it by then waits for retry.',
  },
};

type Failed = Pick<QueueRow, 'status_manufacturing' | 'last_error' | 'cancellation'>;

/** What a failed batch failed with, as value of its alarm: its completion, or a cancellation, after which only a made one may be completed. */
export function failureOf({ status_manufacturing, last_error, cancellation }: Failed): string {
  const code = codeOf(last_error);
  if (cancellation === null) return code;
  const refused: RefusedCancel = status_manufacturing === 1 ? 'cancel-refused-made' : 'cancel-refused';
  return code === 'ODOO_DIFFERS' ? ('cancel-of-done' satisfies RefusedCancel) : refused;
}

/**
 * A few plain words for an alarm; "" for what is no code of an alarm.
 * @param value of the alarm: of a batch that was not completed the code of what it met with
 */
export function wordsFor(code: string, value: string | null = null): string {
  const meaning = code === 'failed-batch' || code === 'not-pushed' ? meaningOf(value ?? '') : undefined;
  return [ownOf<string>(ALARM_WORDS, code) ?? '', meaning?.replace(/\.$/, '')].filter(Boolean).join(': ');
}

/** @param value of the alarm; some codes ask for different things by it */
export function actionFor(code: string, value: string | null = null): string {
  return ownOf<string>(ownOf<ByValue<string>>(BY_VALUE, code), value ?? '') ?? ownOf<string>(ALARM_ACTIONS, code) ?? '';
}

/** Codes come from stored sentences, and "constructor" is a word too. */
function ownOf<Value>(table: Readonly<Record<string, Value | undefined>> | undefined, key: string): Value | undefined {
  return table && Object.hasOwn(table, key) ? table[key] : undefined;
}
