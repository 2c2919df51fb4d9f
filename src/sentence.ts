/** What is told to a person: a sentence that other languages know, or a text that stays as it is. */
export type Text = string | Sentence;

/** The sentences of a language, by the English ones: "{0} is missing" stands for {@link say}`${name} is missing`. */
export type Phrases = ReadonlyMap<string, string>;

export const ENGLISH: Phrases = new Map();

/**
 * A sentence with its values apart, so that the editor can show it in another language. Its English stands in one place, where
 * it is said; logs, errors and stored texts get that.
 */
export class Sentence {
  constructor(
    private readonly template: string,
    private readonly values: readonly (Text | number)[],
  ) {}

  /** In another language; what that language does not know is said in English. */
  in(phrases: Phrases): string {
    return (phrases.get(this.template) ?? this.template).replace(/\{(\d+)\}/g, (_, place: string) => {
      const value = this.values[Number(place)] ?? '';
      return value instanceof Sentence ? value.in(phrases) : String(value);
    });
  }

  toString(): string {
    return this.in(ENGLISH);
  }

  toJSON(): string {
    return this.toString();
  }
}

/** Tag of a sentence: say`${name} is missing`. A test compares every one in src with nodes/locales. */
export function say(parts: TemplateStringsArray, ...values: (Text | number)[]): Sentence {
  return new Sentence(templateOf(parts), values);
}

/** Between the parts stand the numbers of the values. */
export function templateOf(parts: readonly string[]): string {
  return parts.reduce((template, part, index) => `${template}{${index - 1}}${part}`);
}

/** One text of several. */
export function listed(texts: readonly Text[], between = ', '): Text {
  return texts.length === 0 ? '' : texts.reduce((all, text) => new Sentence(`{0}${between}{1}`, [all, text]));
}

/** Data in which every sentence has become a text. */
export type Told<T> = T extends Sentence
  ? string
  : T extends (...given: never[]) => unknown
    ? T
    : T extends object
      ? { [Key in keyof T]: Told<T[Key]> }
      : T;

/** A copy of plain data with its sentences said in a language. */
export function inLanguage<T>(data: T, phrases: Phrases): Told<T> {
  const told = (value: unknown): unknown => {
    if (value instanceof Sentence) return value.in(phrases);
    if (Array.isArray(value)) return value.map(told);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, told(entry)]));
  };
  return told(data) as Told<T>;
}
