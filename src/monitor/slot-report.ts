import { compileCheck } from '../check';
import { type Line, plcOf } from '../line/line';
import { readLineWords, readSlotWords } from '../plc/read-slots';
import { type FieldView, viewFields, viewLineWords } from '../probe/slot';

const checkInput = compileCheck<{ slot: number }>(
  { type: 'object', properties: { slot: { type: 'integer', minimum: 1 } }, required: ['slot'] },
  'payload',
  'INPUT_INVALID',
);

export interface SlotReport extends Record<string, unknown> {
  slot: number;
  /** "" when the slot is empty, or its name cannot be read. */
  mo_id: string;
  empty: boolean;
  fields: FieldView[];
}

/**
 * The report `slot`: what the read area of one slot holds at this moment, field by field with its words and addresses, and
 * below it the words of the whole line, which have no slot.
 * @throws INPUT_INVALID when the line has no such slot; PLC_ codes
 */
export async function slotReport(line: Line, payload: Record<string, unknown>, signal: AbortSignal): Promise<SlotReport> {
  const { slot } = checkInput(payload);
  const plc = plcOf(line);
  const { words } = await readSlotWords(plc, line.mapping, 'read', slot, signal);
  const { reading, fields } = viewFields(line.mapping, slot, words);
  const ofLine = viewLineWords(line.mapping, await readLineWords(plc, line.mapping, signal));
  return { slot, mo_id: reading.mo_id, empty: reading.empty, fields: [...fields, ...ofLine] };
}

export function slotSentence({ slot, mo_id, empty, fields }: SlotReport): string {
  const bad = fields.filter(({ quality }) => quality === 'bad');
  if (empty) return `slot ${slot} is empty`;
  const name = mo_id || 'no name';
  return bad.length === 0
    ? `slot ${slot} shows ${name}, all good`
    : `slot ${slot} shows ${name}: ${bad.map(({ value }) => value).join('; ')}`;
}
