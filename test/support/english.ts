import { ENGLISH, inLanguage, type Told } from '../../src/sentence';

/** What a function answers, told in English, as an English editor and every log shows it. */
export function english<Given extends unknown[], Found>(work: (...given: Given) => Found): (...given: Given) => Told<Found> {
  return (...given) => inLanguage(work(...given), ENGLISH);
}

/** {@link english} of what comes later. */
export function englishLater<Given extends unknown[], Found>(
  work: (...given: Given) => Promise<Found>,
): (...given: Given) => Promise<Told<Found>> {
  return async (...given) => inLanguage(await work(...given), ENGLISH);
}
