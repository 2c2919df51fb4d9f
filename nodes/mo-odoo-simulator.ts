import type { Node } from 'node-red';
import { systemClock } from '../src/clock';
import { onFirstUse } from '../src/first-use';
import type * as Simulator from '../src/simulators/odoo/simulator';
import { VERSION_NAMES } from '../src/simulators/odoo/versions';
import { readerOf } from './support/config-nodes';
import { startSimulator, withFault } from './support/simulator';
import type { Config, Red } from './support/types';

/** Loaded by the flow that has one: a start of Node-RED does not wait for it. */
const library = onFirstUse(() => module.require('../src/simulators/odoo/simulator') as typeof Simulator);

/** A stand-in Odoo on 127.0.0.1, for trying a flow without one. */
export default function (RED: Red): void {
  RED.nodes.registerType('mo-odoo-simulator', function (this: Node, config: Config) {
    RED.nodes.createNode(this, config);
    const read = readerOf(config);
    startSimulator(RED, this, async ({ stateFile, emit }) => {
      const options = {
        port: read.number('port', { fallback: 8069, min: 0, max: 65_535, whole: true }),
        version: read.choice('version', VERSION_NAMES, '17'),
        orders: read.number('orders', { fallback: 25, min: 0, max: 1000, whole: true }),
        quantity: read.number('quantity', { fallback: 1000, min: 1, max: 1_000_000 }),
        latency: read.number('latency', { fallback: 0, min: 0, max: 60_000 }),
        seed: read.number('seed', { fallback: 1, min: 0, max: 2 ** 31 - 1, whole: true }),
        stateFile,
      };
      const simulator = await library().startOdooSimulator(options, { clock: systemClock, onEvent: emit });
      return {
        async command(payload) {
          const event = await simulator.command(payload);
          emit(event);
          return event;
        },
        summary: () => withFault(`${simulator.orders().filter(({ state }) => state === 'confirmed').length} confirmed`, simulator.fault()),
        close: () => simulator.close(),
      };
    });
  });
}
