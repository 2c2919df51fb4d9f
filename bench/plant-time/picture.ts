import { idleTimes, type Year } from './simulation';

const WIDTH = 900;
const LEFT = 150;
const BAR = 34;
const HOURS = 24;
/** The second day: the first begins with an empty plant. */
const FROM = 86_400;

/** One day of the line with and without the event wires: each bar is a set of ten batches, each gap the line at rest. */
export function drawDay(years: readonly { name: string; year: Year }[]): string {
  const scale = (WIDTH - LEFT - 20) / (HOURS * 3600);
  const x = (second: number): string => (LEFT + Math.max(0, Math.min(second - FROM, HOURS * 3600)) * scale).toFixed(1);
  const height = 60 + years.length * (BAR + 34);
  const lines = years.flatMap(({ name, year }, index) => {
    const y = 30 + index * (BAR + 34);
    const idle = idleTimes(year);
    const mean = idle.reduce((sum, time) => sum + time, 0) / idle.length / 60;
    const day = year.sets.filter(({ from, to }) => to > FROM && from < FROM + HOURS * 3600);
    return [
      `<text x="8" y="${y + 15}" class="name">${name}</text>`,
      `<text x="8" y="${y + 31}">${mean.toFixed(1)} min idle per set</text>`,
      `<rect x="${LEFT}" y="${y}" width="${(HOURS * 3600 * scale).toFixed(1)}" height="${BAR}" class="idle"/>`,
      ...day.map(
        ({ from, to }) =>
          `<rect x="${x(from)}" y="${y}" width="${(Number(x(to)) - Number(x(from))).toFixed(1)}" height="${BAR}" class="busy"/>`,
      ),
    ];
  });
  const hours = Array.from({ length: HOURS / 4 + 1 }, (_, index) => index * 4).map(
    (hour) => `<text x="${x(FROM + hour * 3600)}" y="${height - 12}" text-anchor="middle">${String(hour).padStart(2, '0')}:00</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" fill="#444">`,
    '<style>.name{font-weight:bold;font-size:14px}.busy{fill:#2e7d6b}.idle{fill:#f0b8a8}</style>',
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="${LEFT}" y="18">green: the line makes a set of ten batches; red: it waits for the next set</text>`,
    ...lines,
    ...hours,
    '</svg>',
    '',
  ].join('\n');
}
