import type { Locator } from 'playwright-core';

/** Contrast of text that WCAG 2 asks for (level AA). */
const ENOUGH = 4.5;

/**
 * Every visible text below the element that stands out too little from what is behind it: "Slots: 1.3".
 * It finds colours that were written down for the light theme and never looked at in the dark one. Buttons are left out:
 * theirs are the editor's own.
 */
export async function faintTexts(root: Locator): Promise<string[]> {
  const found = await root.evaluate((top, enough) => {
    type Colour = [red: number, green: number, blue: number, alpha: number];

    function parse(css: string): Colour {
      const [red = 0, green = 0, blue = 0, alpha = 1] = (css.match(/[\d.]+/g) ?? []).map(Number);
      return [red, green, blue, alpha];
    }

    function over(front: Colour, back: Colour): Colour {
      const mix = (index: 0 | 1 | 2): number => front[index] * front[3] + back[index] * (1 - front[3]);
      return [mix(0), mix(1), mix(2), 1];
    }

    function behind(element: Element): Colour {
      const own = parse(getComputedStyle(element).backgroundColor);
      if (own[3] >= 1) return own;
      return over(own, element.parentElement ? behind(element.parentElement) : [255, 255, 255, 1]);
    }

    function luminance(colour: Colour): number {
      const [red, green, blue] = colour.slice(0, 3).map((value) => (value <= 10 ? value / 3294 : ((value / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
    }

    function contrast(element: Element): number {
      const back = behind(element);
      const values = [luminance(over(parse(getComputedStyle(element).color), back)), luminance(back)];
      return (Math.max(...values) + 0.05) / (Math.min(...values) + 0.05);
    }

    function textOf(element: Element): string {
      if (element instanceof HTMLSelectElement) return element.selectedOptions[0]?.text ?? '';
      if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) return element.value;
      return [...element.childNodes].map((node) => (node.nodeType === Node.TEXT_NODE ? (node.textContent ?? '') : '')).join('');
    }

    return [top, ...top.querySelectorAll('*')]
      .filter((element) => element.checkVisibility() && !element.closest('option, .red-ui-button') && textOf(element).trim() !== '')
      .map((element) => ({ text: textOf(element).trim(), ratio: contrast(element) }))
      .filter(({ ratio }) => ratio < enough);
  }, ENOUGH);
  return found.map(({ text, ratio }) => `${text}: ${ratio.toFixed(1)}`);
}
