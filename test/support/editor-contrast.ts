import type { Locator } from 'playwright-core';

/** Contrast that WCAG 2 asks for (level AA): of text, and of a lamp that only its colour tells apart from the ground. */
const ENOUGH = { text: 4.5, lamp: 3 };

/**
 * Every visible text below the element that stands out too little from what is behind it: "Slots: 1.3".
 * It finds colours that were written down for the light theme and never looked at in the dark one. Buttons of the editor are left
 * out: theirs are its own.
 * @param faded whether text is judged as faint as its opacity makes it
 */
export async function faintTexts(root: Locator, { faded = false } = {}): Promise<string[]> {
  return faint(root, { lamps: null, enough: ENOUGH.text, faded });
}

/** As faintTexts, for the lamps below the element. */
export async function faintLamps(root: Locator, selector: string): Promise<string[]> {
  return faint(root, { lamps: selector, enough: ENOUGH.lamp, faded: true });
}

async function faint(root: Locator, options: { lamps: string | null; enough: number; faded: boolean }): Promise<string[]> {
  const found = await root.evaluate((top, { lamps, enough, faded }) => {
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

    function opacityOf(element: Element): number {
      const own = Number(getComputedStyle(element).opacity);
      return element === top || !element.parentElement ? own : own * opacityOf(element.parentElement);
    }

    function contrast(element: Element): number {
      const { color, backgroundColor } = getComputedStyle(element);
      const [red, green, blue, alpha] = parse(lamps ? backgroundColor : color);
      const back = behind(lamps ? (element.parentElement ?? element) : element);
      const values = [luminance(over([red, green, blue, alpha * (faded ? opacityOf(element) : 1)], back)), luminance(back)];
      return (Math.max(...values) + 0.05) / (Math.min(...values) + 0.05);
    }

    function textOf(element: Element): string {
      if (element instanceof HTMLSelectElement) return element.selectedOptions[0]?.text ?? '';
      if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) return element.value;
      return [...element.childNodes].map((node) => (node.nodeType === Node.TEXT_NODE ? (node.textContent ?? '') : '')).join('');
    }

    const all = lamps ? [...top.querySelectorAll(lamps)] : [top, ...top.querySelectorAll('*')].filter((one) => textOf(one).trim() !== '');
    return all
      .filter((element) => element.checkVisibility() && !element.closest(faded ? 'option, :disabled' : 'option, .red-ui-button'))
      .map((element) => ({ text: lamps ? element.outerHTML : textOf(element).trim(), ratio: contrast(element) }))
      .filter(({ ratio }) => ratio < enough);
  }, options);
  return found.map(({ text, ratio }) => `${text}: ${ratio.toFixed(1)}`);
}
