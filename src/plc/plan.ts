import { say, type Sentence } from '../sentence';
import { SmartMoError } from '../errors';
import type { SlotField } from './mapping';

/** Words that are read or kept together. */
export interface Span {
  from: number;
  words: number;
}

/** How one slot is read; addresses count from its first word. */
export interface SlotPlan {
  /** Requests for the status words, sent before everything else; none when one request brings the whole slot, which is one snapshot. */
  before: Span[];
  /** Requests that cover all fields, the ones with status words last. */
  parts: Span[];
  /** Requests for the status words once more; none when the last part brings all of them at one moment. */
  after: Span[];
  /** The status words: when they are the same before, in and after the parts, the parts belong together. */
  status: Span[];
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
        `the Longest request of the PLC is ${maxWords} words, but the field at ${block.from} alone has ${block.words}; raise it`,
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

/**
 * One request per slot where it fits, so that a slot is one snapshot; else the fewest parts, with the status words first and
 * last. Status words that one request can bring stay in one part: to look at them again would cost a request more. Those that
 * are too far apart for that are asked once more at the end.
 * @param maxGap unused words that a request may bridge; without it all of them
 */
export function planSlot(fields: readonly SlotField[], maxWords: number, maxGap = Infinity): SlotPlan {
  const limits = { maxWords, maxGap };
  const status = fields.filter((field) => STATUS_FIELDS.includes(field.name)).flatMap(spansOf);
  const before = planRequests(status, limits);
  const together = before.length === 1 ? before : status;
  const parts = planRequests([...fields.flatMap(spansOf), ...together], limits);
  if (parts.length === 1) return { before: [], parts, after: [], status: [] };
  const hasStatus = (part: Span): boolean => status.some((span) => part.from < endOf(span) && endOf(part) > span.from);
  return {
    before,
    parts: [...parts.filter((part) => !hasStatus(part)), ...parts.filter(hasStatus)],
    after: before.length === 1 ? [] : before,
    status,
  };
}

/** Requests that a whole slot takes. */
export function requestsOf({ before, parts, after }: SlotPlan): number {
  return before.length + parts.length + after.length;
}

/** What it means that a slot does not fit into one request, for whoever sets up the map; null when it does. */
export function partsNote(fields: readonly SlotField[], maxWords: number): Sentence | null {
  const { words } = spanOfAll(fields);
  if (words <= maxWords) return null;
  const requests = requestsOf(planSlot(fields, maxWords));
  return say`the ${words} words from the first to the last of a slot do not fit into one request of ${maxWords}, so it takes ${requests}: its status words are read first and last, and when they change in between the slot is read again; move its words closer together to have it read at one moment`;
}

/** Words of a field: its value and, apart from it, its id. */
export function spansOf(field: Pick<SlotField, 'at' | 'coding' | 'id'>): Span[] {
  const value = { from: field.at, words: field.coding.words };
  return field.id ? [value, { from: field.id.at, words: 1 }] : [value];
}

/** From the first word that the map uses to the last, with the gaps between. */
function spanOfAll(fields: readonly SlotField[]): Span {
  const spans = fields.flatMap(spansOf);
  const from = Math.min(...spans.map((span) => span.from));
  return { from, words: Math.max(...spans.map(endOf)) - from };
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
