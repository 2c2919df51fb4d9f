import type { Locator } from 'playwright-core';

/** Every visible text below the element that does not fit where it stands: a label, a button, or what a list shows as chosen. */
export async function cutTexts(root: Locator): Promise<string[]> {
  return root.evaluate((top) => {
    /** Beside the text a list shows its arrow. */
    const ARROW = 18;
    const pen = document.createElement('canvas').getContext('2d');
    const right = top.getBoundingClientRect().right;

    function isCut(element: Element): boolean {
      if (element.getBoundingClientRect().right > right) return true;
      const { font, paddingLeft } = getComputedStyle(element);
      if (!(element instanceof HTMLSelectElement) || !pen) return element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0;
      pen.font = font;
      return pen.measureText(element.selectedOptions[0]?.text ?? '').width + parseFloat(paddingLeft) + ARROW > element.clientWidth;
    }

    return [...top.querySelectorAll('label, button, select, .form-tips')]
      .filter((element) => element.checkVisibility() && isCut(element))
      .map((element) => (element instanceof HTMLSelectElement ? element.selectedOptions[0]?.text : element.textContent)?.trim() ?? '');
  });
}
