import { arch, cpus, loadavg, totalmem } from 'node:os';

/** Where and with what was measured, for people. */
export interface Machine {
  processor: string;
  cores: number;
  memoryGb: number;
  system: string;
  /** Of the last minute, before the first row. */
  load: number;
  versions: Record<string, string>;
}

export function describeMachine(versions: Record<string, string>): Machine {
  const [first] = cpus();
  return {
    processor: first?.model.trim() ?? arch(),
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${arch()}`,
    load: Number(loadavg()[0]?.toFixed(1)),
    versions: { 'Node.js': process.versions.node, ...versions },
  };
}

export function machineLine({ processor, cores, memoryGb, system, load, versions }: Machine): string {
  const software = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${processor}, ${cores} cores, ${memoryGb} GB, ${system}, load ${load}; ${software.join(', ')}`;
}
