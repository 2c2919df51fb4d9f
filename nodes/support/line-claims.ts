import { SmartMoError } from '../../src/errors';
import type { LineSettings } from '../../src/line/line';
import type { Mapping } from '../../src/plc/mapping';
import { configNode, ownerOf, requiredConfigNode } from './config-nodes';
import type { Config, DatabaseNode, Red } from './types';

/** What a line works on; each part may belong to one line of this process only. */
export interface LineClaim {
  /** Of its mo-line. */
  id: string;
  /** As a person finds it: `mo-line "Mixer"`. */
  owner: string;
  /** Key of the line. */
  key: string;
  /** Names of its tables; more of them are known once the server has answered. */
  tables: DatabaseNode['tables'];
  /** Address of its PLC; null where it has none. */
  plc: string | null;
  /** Null while its register map has a mistake: it touches no slot then. */
  mapping: Mapping | null;
  /** It writes nothing, so it may look at the slots of another line. */
  observes: boolean;
}

export interface LineClaims {
  /** @throws CONFIG_INVALID while another line has the key on these tables, or the words of one of the slots */
  check(mine: LineClaim): void;
  /** Keeps it for this line, until it is released. @throws as check */
  claim(mine: LineClaim): void;
  release(id: string): void;
}

/**
 * Keeps two lines of one process from working on the same rows or on the same words, also where they name different mo-database
 * or mo-plc nodes for one server or one PLC. The first line that claims has it, until it is closed. (The same line in another process
 * is a standby, and welcome.)
 */
export function createLineClaims(): LineClaims {
  const claims = new Map<string, LineClaim>();

  function refuse(mine: LineClaim, others: readonly LineClaim[]): void {
    for (const other of others) {
      if (other.key === mine.key && other.tables().some((name) => mine.tables().includes(name))) {
        throw new SmartMoError(
          'CONFIG_INVALID',
          `line "${mine.key}" is already the key of ${other.owner} on this database; open ${mine.owner} and give it a key of its own`,
          { value: mine.key },
        );
      }
      const shared =
        other.plc === mine.plc && mine.plc !== null && !other.observes && !mine.observes ? sharedWords(mine.mapping, other.mapping) : null;
      if (shared) {
        throw new SmartMoError(
          'CONFIG_INVALID',
          `${shared} of ${mine.owner} lies where ${other.owner} has a slot in the same PLC (${mine.plc}); give one of the two other areas in its register map, or set it to observe`,
          { value: shared },
        );
      }
    }
  }

  return {
    check(mine) {
      refuse(
        mine,
        [...claims.values()].filter(({ id }) => id !== mine.id),
      );
    },
    claim(mine) {
      const all = [...claims.values()];
      const at = all.findIndex(({ id }) => id === mine.id);
      // Of two that have claimed before it was known that their tables are the same, the first keeps them.
      refuse(mine, at < 0 ? all : all.slice(0, at));
      claims.set(mine.id, mine);
    },
    release: (id) => void claims.delete(id),
  };
}

/** What a line with these settings would claim. @throws CONFIG_MISSING */
export function claimOf(RED: Red, config: Config, { line, mode }: Pick<LineSettings, 'line' | 'mode'>, mapping: Mapping | null): LineClaim {
  return {
    id: config.id,
    owner: ownerOf(config),
    key: line,
    tables: requiredConfigNode(RED, 'mo-database', config, 'database').tables,
    plc: configNode(RED, 'mo-plc', config, 'plc')?.address ?? null,
    mapping,
    observes: mode === 'observe',
  };
}

interface Span {
  name: string;
  area: string;
  from: number;
  to: number;
}

function sharedWords(mine: Mapping | null, other: Mapping | null): string | null {
  if (!mine || !other) return null;
  const others = slotsOf(other);
  const found = slotsOf(mine).find((span) =>
    others.some((theirs) => theirs.area === span.area && span.from < theirs.to && theirs.from < span.to),
  );
  return found ? `${found.name} (words ${found.from}-${found.to - 1})` : null;
}

function slotsOf(mapping: Mapping): Span[] {
  const areas = [
    { name: 'read' as const, area: mapping.read.function },
    ...(mapping.write ? [{ name: 'write' as const, area: 'holding' }] : []),
  ];
  return areas.flatMap(({ name, area }) =>
    Array.from({ length: mapping.slots }, (_, index) => {
      const from = mapping.slotAddress(name, index + 1);
      return { name: `${name} slot ${index + 1}`, area, from, to: from + mapping.length };
    }),
  );
}
