import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { Database } from '../../src/database/database';
import type { Line } from '../../src/line/line';
import type { Odoo } from '../../src/odoo/odoo';
import type { Plc } from '../../src/plc/plc';
import type { Fields } from '../../src/settings';

export type Red = NodeAPI;
export type Message = Record<string, unknown>;

/** What the editor stored: the fields of the node beside its id, type, name and wires. */
export type Config = NodeDef & Fields;

/** Node-RED keeps credentials encrypted and apart from the flow; any of them may be missing. */
type DatabaseSecrets = Record<'url' | 'user' | 'password', unknown>;
type OdooSecrets = Record<'login' | 'password', unknown>;

/**
 * The configuration nodes offer what src made of their fields. Each call throws the CONFIG_ or MAP_ error that the
 * fields gave at deploy, so that a mistake reaches the status and every input of the nodes that use it.
 */
export interface DatabaseNode extends Node<DatabaseSecrets> {
  database(): Database;
  /**
   * Names of server, database and schema: two nodes that have one in common work on the same tables. The address, and what the server
   * says of itself as soon as it has answered; the id of the node where it has a mistake.
   */
  tables(): readonly string[];
}

export interface OdooNode extends Node<OdooSecrets> {
  odoo(): Odoo;
}

export interface PlcNode extends Node {
  plc(): Plc;
  /** "10.0.0.5:502 unit 1", by which two nodes on one PLC are known; the id of the node where it has a mistake. */
  address: string;
}

export interface LineNode extends Node {
  line(): Line;
  /** As line(), also where the register map has a mistake: for who only looks at what the tables hold. */
  look(): Line;
}

/** Which configuration node a type name means. */
export interface ConfigNodes {
  'mo-database': DatabaseNode;
  'mo-odoo': OdooNode;
  'mo-plc': PlcNode;
  'mo-line': LineNode;
}
