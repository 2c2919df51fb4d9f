import type { Node } from 'node-red';
import { systemClock } from '../src/clock';
import { onFirstUse } from '../src/first-use';
import type * as Simulator from '../src/simulators/plc/simulator';
import { readerOf, requiredConfigNode } from './support/config-nodes';
import { startSimulator, withFault } from './support/simulator';
import type { Config, Red } from './support/types';

/** Loaded by the flow that has one: a start of Node-RED does not wait for it. */
const library = onFirstUse(() => module.require('../src/simulators/plc/simulator') as typeof Simulator);

/** A batch cell behind Modbus TCP on 127.0.0.1, with the slots and the register map of the line. */
export default function (RED: Red): void {
  RED.nodes.registerType('mo-plc-simulator', function (this: Node, config: Config) {
    RED.nodes.createNode(this, config);
    const read = readerOf(config);
    startSimulator(RED, this, async ({ stateFile, emit }) => {
      const options = {
        port: read.number('port', { fallback: 5020, min: 0, max: 65_535, whole: true }),
        unit: 1,
        mapping: requiredConfigNode(RED, 'mo-line', config, 'line').line().mapping,
        batchTime: read.number('batchTime', { fallback: 60, min: 1, max: 86_400 }),
        speed: read.number('speed', { fallback: 1, min: 0.01, max: 1000 }),
        deviation: read.number('deviation', { fallback: 1, min: 0, max: 100 }),
        seed: read.number('seed', { fallback: 1, min: 0, max: 2 ** 31 - 1, whole: true }),
        stateFile,
      };
      const simulator = await library().startPlcSimulator(options, { clock: systemClock, onEvent: emit });
      return {
        command: (payload) => Promise.resolve(simulator.command(payload)),
        summary: () => withFault(inUse(simulator.slots()), simulator.fault()),
        close: () => simulator.close(),
      };
    });
  });
}

function inUse(slots: readonly { state: string }[]): string {
  const busy = slots.filter(({ state }) => state !== 'empty' && state !== 'acknowledged').length;
  return `${busy} of ${slots.length} slots busy`;
}
