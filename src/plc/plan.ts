import { SmartMoError } from '../errors';
import type { SlotField } from './mapping';
import type { Plc } from './plc';

export type Planning = Plc['planning'];

/** Words that are read or kept together. */
export interface Span {
  from: number;
  words: number;
}

/** How one slot is read; addresses count from its first word. */
export interface SlotPlan {
  /**
   * Status words, read before everything else when a slot does not fit into one request: when they are the same in the last
   * part, the parts belong together. null when one request brings the whole slot, which is one snapshot anyway.
   */
  guard: Span | null;
  /** Requests that cover all fields, the ones with status words last. */
  parts: Span[];
}

const STATUS_FIELDS: readonly string[] = ['status_manufacturing', 'status_operation', 'status'];

/**
 * The fewest requests that cover all blocks without splitting one, none longer than `maxWords`, none bridging more than
 * `maxGap` unused words. Going from left to right and taking as much as fits is optimal: every part of a request that is
 * allowed is allowed too.
 * @throws SmartMoError CONFIG_INVALID when a block is longer than `maxWords`
 */
export function planRequests(blocks: readonly Span[], { maxWords, maxGap }: { maxWords: number; maxGap: number }): Span[] {
  const requests: Span[] = [];
  for (const block of joinOverlaps(blocks)) {
    if (block.words > maxWords) {
      throw new SmartMoError(
        'CONFIG_INVALID',
        `maxWords of mo-plc is ${maxWords}, but the field at ${block.from} alone has ${block.words} words; raise maxWords`,
        {
          value: maxWords,
        },
      );
    }
    const last = requests.at(-1);
    const end = block.from + block.words;
    if (last && end - last.from <= maxWords && block.from - (last.from + last.words) <= maxGap) last.words = end - last.from;
    else requests.push({ ...block });
  }
  return requests;
}

/** One request per slot where it fits, so that a slot is one snapshot; else the fewest parts and a guard. */
export function planSlot(fields: readonly SlotField[], length: number, maxWords: number): SlotPlan {
  if (length <= maxWords) return { guard: null, parts: [{ from: 0, words: length }] };
  const status = fields.filter((field) => STATUS_FIELDS.includes(field.name)).flatMap(spansOf);
  const from = Math.min(...status.map((span) => span.from));
  const guard = { from, words: Math.max(...status.map(endOf)) - from };
  const parts = planRequests(fields.flatMap(spansOf), { maxWords, maxGap: length });
  const hasStatus = (part: Span): boolean => part.from < endOf(guard) && endOf(part) > guard.from;
  return {
    guard: guard.words <= maxWords ? guard : null,
    parts: [...parts.filter((part) => !hasStatus(part)), ...parts.filter(hasStatus)],
  };
}

/** Words of a field: its value and, apart from it, its id. */
export function spansOf(field: Pick<SlotField, 'at' | 'coding' | 'id'>): Span[] {
  const value = { from: field.at, words: field.coding.words };
  return field.id ? [value, { from: field.id.at, words: 1 }] : [value];
}

export function endOf(span: Span): number {
  return span.from + span.words;
}

/** Sorted, with blocks that share a word (bits of one word) made one. */
function joinOverlaps(blocks: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const block of [...blocks].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last && block.from < endOf(last)) last.words = Math.max(last.words, endOf(block) - last.from);
    else joined.push({ ...block });
  }
  return joined;
}
