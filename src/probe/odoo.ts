import { systemClock } from '../clock';
import { SmartMoError } from '../errors';
import type { OdooSettings } from '../odoo/settings';
import { createOdoo } from '../odoo/client';
import { type ProbeResult, runProbe } from './probe';

/** Seconds; the settings may allow minutes, nobody waits that long at a dialog. */
const LONGEST_CALL = 6;

/** What the mo-odoo of a dialog reaches: version, user, rights and work. Reads only, over connections of its own. */
export function probeOdoo(settings: OdooSettings): Promise<ProbeResult> {
  return runProbe(async ({ found, signal }) => {
    const odoo = createOdoo({ ...settings, timeout: Math.min(settings.timeout, LONGEST_CALL) }, { clock: systemClock });
    try {
      const { version, protocol, uid, confirmed, mayChange, warnings } = await odoo.probe(signal);
      found('version', `Odoo ${version}`);
      found('protocol', protocol);
      found('user', `${settings.login}, id ${uid}`);
      found(
        'rights',
        mayChange === null ? 'may read MOs; whether it may change them is not known' : `may read${mayChange ? ' and change' : ''} MOs`,
      );
      found('confirmed MOs', confirmed);
      for (const warning of warnings) found('warning', warning);
      if (mayChange === false) {
        throw new SmartMoError(
          'ODOO_RIGHTS',
          `user "${settings.login}" may read MOs but not change them or their components; give the user the group "Manufacturing / User"`,
        );
      }
      return `Odoo ${version} answers and has ${confirmed} confirmed ${confirmed === 1 ? 'MO' : 'MOs'}`;
    } finally {
      odoo.close();
    }
  });
}
