import { systemClock } from '../clock';
import { SmartMoError } from '../errors';
import type { OdooSettings } from '../odoo/settings';
import { createOdoo } from '../odoo/client';
import { say } from '../sentence';
import { type ProbeResult, runProbe } from './probe';

/** Seconds; the settings may allow minutes, nobody waits that long at a dialog. */
const LONGEST_CALL = 6;

/** What the mo-odoo of a dialog reaches: version, user, rights and work. Reads only, over connections of its own. */
export function probeOdoo(settings: OdooSettings): Promise<ProbeResult> {
  return runProbe(async ({ found, signal }) => {
    const odoo = createOdoo({ ...settings, timeout: Math.min(settings.timeout, LONGEST_CALL) }, { clock: systemClock });
    try {
      const { version, protocol, uid, confirmed, mayChange, warnings } = await odoo.probe(signal);
      found(say`version`, `Odoo ${version}`);
      found(say`protocol`, protocol);
      found(say`user`, say`${settings.login}, id ${uid}`);
      found(
        say`rights`,
        mayChange === null
          ? say`may read MOs; whether it may change them is not known`
          : mayChange
            ? say`may read and change MOs`
            : say`may read MOs`,
      );
      found(say`confirmed MOs`, confirmed);
      for (const warning of warnings) found(say`warning`, warning);
      if (mayChange === false) {
        throw new SmartMoError(
          'ODOO_RIGHTS',
          say`user "${settings.login}" may read MOs but not change them or their components; give the user the group "Manufacturing / User"`,
        );
      }
      return confirmed === 1
        ? say`Odoo ${version} answers and has 1 confirmed MO`
        : say`Odoo ${version} answers and has ${confirmed} confirmed MOs`;
    } finally {
      odoo.close();
    }
  });
}
