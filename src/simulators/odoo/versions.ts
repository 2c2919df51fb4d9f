import { SmartMoError } from '../../errors';

/** What differs from one Odoo version to the next (odoo.md B3, measured). A row more in the table is a version more. */
export interface VersionRules {
  /** "17.0" */
  series: string;
  /** `error.code` of every exception over /jsonrpc. */
  errorCode: number;
  /** HTTP status of a request that is not declared as JSON. */
  wrongContentType: number;
  /** Names of the fields that were renamed over the years. */
  fields: { plannedStart: string; plannedEnd: string; consumed: string };
}

const VERSIONS: Readonly<Record<string, VersionRules>> = {
  '17': {
    series: '17.0',
    errorCode: 200,
    wrongContentType: 400,
    fields: { plannedStart: 'date_start', plannedEnd: 'date_finished', consumed: 'quantity' },
  },
};

/** @throws SmartMoError CONFIG_INVALID for a version that is not simulated */
export function rulesOf(version: string): VersionRules {
  const rules = Object.hasOwn(VERSIONS, version) ? VERSIONS[version] : undefined;
  if (rules) return rules;
  throw new SmartMoError('CONFIG_INVALID', `version "${version}" of Odoo is not simulated; use ${Object.keys(VERSIONS).join(', ')}`, {
    value: version,
  });
}

/** Answer of common.version and of the web client's version route. */
export function versionAnswer(rules: VersionRules): Record<string, unknown> {
  const major = Number.parseInt(rules.series, 10);
  return {
    server_version: rules.series,
    server_version_info: [major, 0, 0, 'final', 0, ''],
    server_serie: rules.series,
    protocol_version: 1,
  };
}
