import { SmartMoError } from '../../errors';

/**
 * What differs from one Odoo version to the next (odoo.md B3, measured; the texts as they were recorded). A row more in the
 * table is a version more.
 */
export interface VersionRules {
  /** "17.0" */
  series: string;

  // HTTP and errors
  /** `error.code` of every exception in a JSON-RPC envelope. */
  errorCode: number;
  /** HTTP status of a request that is not declared as JSON. */
  wrongContentType: number;
  /** The HTTP layer was rewritten in 16: other answers to what is no JSON-RPC, a session error forgets the id of the request. */
  newHttp: boolean;
  /** GET /web/health. */
  health: boolean;
  /** /json/2 with bearer keys, and GET /web/version. */
  json2: boolean;
  /** The plant module's routes below /api/scada (odoo.md part C); /web/dataset then only reads. */
  scada: boolean;
  /** Class that a TypeError of the /jsonrpc route names. */
  rpcClass: string;
  /** Errors about a method name the model before it: "mrp.production.button_x". */
  qualifiesMethods: boolean;
  /** Where an unknown field was found, between its name and that of the model. */
  unknownField: { read: string; order: string; write: string; term: string };
  /** Function that a TypeError of search_read names. */
  readFunction: string;
  /** Public methods that cannot be called all the same. */
  closedMethods: readonly string[];
  /** `has_access`, which took over from check_access_rights. */
  hasAccess: boolean;
  settingsGroup: string;
  orderLabel: string;
  /** What comes before each product that lacks a lot. */
  lotBullet: string;

  // fields
  /** Names of the fields that were renamed over the years. */
  fields: { plannedStart: string; plannedEnd: string; consumed: string };
  /** Labels of the units of an order and of a move, and of a move that waits. */
  labels: { orderUnit: string; moveUnit: string; waiting: string };
  manualConsumption: 'absent' | 'readonly' | 'writable';
  orderUnitReadonly: boolean;
  /** quantity_done was computed on the fly once. */
  consumedStored: boolean;

  // behaviour
  /**
   * One quantity on a move, reserved until `picked`, and done without a question (17). Before, reserved and done quantities
   * were apart, mark done refused an order without quantities, and the plan was overwritten with what was done.
   */
  picks: boolean;
  /** Refusal of a quantity below 0; null = it is taken. */
  negativeQuantity: string | null;
  /** A component that is not in the bill of materials can be added with nothing but its product and quantity. */
  addsComponents: boolean;
  /** Mark done of several orders, one of them cancelled; null = the others are done. */
  cancelledAmongOthers: string | null;
  /** action_cancel and unlink on an order that is done. */
  cancelOfDone: string | null;
  /** The moves of a deleted order stay behind, cancelled. */
  keepsMovesOfDeleted: boolean;
  /** A finished product tracked by lot gets one by itself at mark done. */
  makesLots: boolean;
  /** A method that returns records answers their ids as a list. */
  recordsAsList: boolean;
  /** Members of a wizard's action that came and went. */
  action: Readonly<Record<string, unknown>>;
  backorderTitle: string;
}

const ODOO_17: VersionRules = {
  series: '17.0',
  errorCode: 200,
  wrongContentType: 400,
  newHttp: true,
  health: true,
  json2: false,
  scada: false,
  rpcClass: 'RPC',
  qualifiesMethods: true,
  unknownField: { read: 'on model', order: 'on model', write: 'on model', term: 'leaf' },
  readFunction: 'BaseModel._read_format',
  closedMethods: [],
  hasAccess: false,
  settingsGroup: 'Administration/Settings',
  orderLabel: 'Production Order',
  lotBullet: ' \n - ',
  fields: { plannedStart: 'date_start', plannedEnd: 'date_finished', consumed: 'quantity' },
  labels: { orderUnit: 'Product Unit of Measure', moveUnit: 'UoM', waiting: 'Waiting Availability' },
  manualConsumption: 'readonly',
  orderUnitReadonly: false,
  consumedStored: true,
  picks: true,
  negativeQuantity: null,
  addsComponents: true,
  cancelledAmongOthers: null,
  cancelOfDone: null,
  keepsMovesOfDeleted: true,
  makesLots: false,
  recordsAsList: false,
  action: { mobile_view_mode: 'kanban', groups_id: [] },
  backorderTitle: 'You produced less than initial demand',
};

const ODOO_16: VersionRules = {
  ...ODOO_17,
  series: '16.0',
  health: false,
  readFunction: 'BaseModel.read',
  fields: { plannedStart: 'date_planned_start', plannedEnd: 'date_planned_finished', consumed: 'quantity_done' },
  picks: false,
  cancelledAmongOthers: 'The operation cannot be completed: The quantity to produce must be positive!',
  action: { groups_id: [] },
};

const ODOO_15: VersionRules = {
  ...ODOO_16,
  series: '15.0',
  newHttp: false,
  qualifiesMethods: false,
  manualConsumption: 'absent',
  orderUnitReadonly: true,
  consumedStored: false,
  negativeQuantity: 'You can not enter negative quantities.',
  addsComponents: false,
  cancelledAmongOthers: 'mrp_production_qty_positive',
};

const ODOO_18: VersionRules = {
  ...ODOO_17,
  series: '18.0',
  qualifiesMethods: false,
  hasAccess: true,
  orderLabel: 'Manufacturing Order',
  lotBullet: '\n- ',
  manualConsumption: 'writable',
  negativeQuantity: 'Please enter a positive quantity.',
  action: { path: false, mobile_view_mode: 'kanban', groups_id: [], embedded_action_ids: [] },
};

const ODOO_19: VersionRules = {
  ...ODOO_18,
  series: '19.0',
  errorCode: 0,
  wrongContentType: 415,
  json2: true,
  rpcClass: 'JSONRPC',
  qualifiesMethods: true,
  unknownField: { read: 'on', order: 'on model', write: 'in', term: 'condition' },
  closedMethods: ['exists'],
  settingsGroup: 'Role / Administrator',
  labels: { orderUnit: 'Unit', moveUnit: 'Unit', waiting: 'Waiting' },
  cancelOfDone: 'You cannot cancel a manufacturing order that is already done.',
  keepsMovesOfDeleted: false,
  makesLots: true,
  recordsAsList: true,
  action: { path: false, mobile_view_mode: 'kanban', group_ids: [], embedded_action_ids: [], cache: true },
  backorderTitle: 'You produced less than the initial demand',
};

/** Odoo 14 was not measured; by its release history it is 15. */
const SCADA: VersionRules = { ...ODOO_15, series: '14.0', scada: true };

const VERSIONS: Readonly<Record<string, VersionRules>> = {
  '15': ODOO_15,
  '16': ODOO_16,
  '17': ODOO_17,
  '18': ODOO_18,
  '19': ODOO_19,
  scada: SCADA,
};

export const VERSION_NAMES: readonly string[] = Object.keys(VERSIONS);

/** @throws SmartMoError CONFIG_INVALID for a version that is not simulated */
export function rulesOf(version: string): VersionRules {
  const rules = Object.hasOwn(VERSIONS, version) ? VERSIONS[version] : undefined;
  if (rules) return rules;
  throw new SmartMoError('CONFIG_INVALID', `version "${version}" of Odoo is not simulated; use ${VERSION_NAMES.join(', ')}`, {
    value: version,
  });
}

/** `[17, 0, 0, "final", 0, ""]` */
export function versionInfo(rules: VersionRules): unknown[] {
  return [Number.parseInt(rules.series, 10), 0, 0, 'final', 0, ''];
}

/** Answer of common.version and of the web client's version route. */
export function versionAnswer(rules: VersionRules): Record<string, unknown> {
  return { server_version: rules.series, server_version_info: versionInfo(rules), server_serie: rules.series, protocol_version: 1 };
}
