import type { Locator, Page } from 'playwright-core';
import { waitFor } from './wait';

/** A node as the editor keeps it. */
interface EditorNode {
  id: string;
  type: string;
  valid?: boolean;
  changed?: boolean;
  validationErrors?: string[];
  [property: string]: unknown;
}

interface EditorRed {
  nodes: {
    node(id: string): EditorNode | null;
    eachNode(visit: (node: EditorNode) => unknown): void;
    eachConfig(visit: (node: EditorNode) => unknown): void;
    getType(type: string): { category: string; color?: string } | null;
    dirty(): boolean;
  };
  editor: { edit(node: EditorNode): void; editConfig(property: string, type: string, id: string): void };
  actions: { invoke(action: string): void };
  workspaces: { show(id: string): void };
}

/** The editor's own global; only inside page.evaluate. */
declare const RED: EditorRed;
/** The editor's jQuery, with the widget of its own that tests reach into. */
declare const $: (element: Element) => { typedInput(option: 'type' | 'value', value: string): void };

export interface NodeState {
  changed: boolean;
  /** What its validators say; empty when it is valid. */
  errors: string[];
}

/**
 * Menu > Import > Examples, the file, Import, as a person clicks it. Where the editor finds nodes of the file already there
 * it asks; the answer is "Import copy", which keeps the configuration nodes as they are.
 */
export async function importExample(page: Page, moduleName: string, file: string): Promise<void> {
  await act(page, 'core:show-examples-import-dialog');
  const listed = (label: string): Locator => page.locator('#red-ui-clipboard-dialog-import-tab-examples').getByText(label, { exact: true });
  await listed(moduleName).click();
  // A click while the folder still unfolds chooses nothing.
  const chosen = page.locator('#red-ui-clipboard-dialog-ok:enabled');
  await listed(file).click();
  await chosen.waitFor({ timeout: 3000 }).catch(() => listed(file).click());
  await chosen.click();
  const copy = page.getByRole('button', { name: 'Import copy' });
  const imported = page.locator('.red-ui-notification', { hasText: 'Imported:' });
  await imported.or(copy).first().waitFor();
  if (await copy.isVisible()) await copy.click();
  await imported.click();
  await imported.waitFor({ state: 'detached' });
}

/** Actions of the editor by name, as its menu and its shortcuts call them: "core:zoom-out". */
export async function act(page: Page, ...actions: string[]): Promise<void> {
  for (const action of actions) await page.evaluate((name) => RED.actions.invoke(name), action);
}

/** Presses Deploy and waits until the editor has nothing left to deploy. */
export async function pressDeploy(page: Page): Promise<void> {
  await page.locator('#red-ui-header-button-deploy').click();
  await page.waitForFunction(() => !RED.nodes.dirty());
}

export function isDirty(page: Page): Promise<boolean> {
  return page.evaluate(() => RED.nodes.dirty());
}

export function nodeState(page: Page, id: string): Promise<NodeState> {
  return page.evaluate((of) => {
    const node = RED.nodes.node(of);
    if (!node) throw new Error(`the editor has no node ${of}`);
    return { changed: node.changed === true, errors: node.valid === false ? (node.validationErrors ?? ['not valid']).map(String) : [] };
  }, id);
}

/** "mo-line 17f0d83ac4e96b52: database" for every node the editor would mark with a red triangle. */
export function invalidNodes(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const look = ({ valid, type, id, validationErrors }: EditorNode): void => {
      if (valid === false) found.push(`${type} ${id}: ${String(validationErrors)}`);
    };
    RED.nodes.eachNode(look);
    RED.nodes.eachConfig(look);
    return found;
  });
}

/** How many nodes, configuration nodes among them, the editor holds. */
export function countNodes(page: Page): Promise<number> {
  return page.evaluate(() => {
    const ids = new Set<string>();
    const look = ({ id }: EditorNode): unknown => ids.add(id);
    RED.nodes.eachNode(look);
    RED.nodes.eachConfig(look);
    return ids.size;
  });
}

/** A property of a node as it would be deployed. */
export function property(page: Page, id: string, key: string): Promise<unknown> {
  return page.evaluate(([of, name]) => RED.nodes.node(of)?.[name], [id, key] as const);
}

/** The dialog of a node, as it stands in the tray at the right. */
export interface Dialog {
  /** The fields of the form. */
  form: Locator;
  /** The field of a property or credential. */
  field(name: string): Locator;
  /** Types a value, ticks or chooses it, whatever the field is. */
  fill(name: string, value: string | boolean): Promise<void>;
  /** Chooses "num", "env" ... of a TypedInput; a value where the type has a list of them ("bool"). */
  chooseType(name: string, type: string, value?: string): Promise<void>;
  /** Whether the field is marked as wrong, and what the editor says about it. */
  isMarked(name: string): Promise<boolean>;
  done(): Promise<void>;
  cancel(): Promise<void>;
  /** Presses the Test button of a configuration node and waits for the answer below it. */
  test(): Promise<{ ok: boolean; text: string }>;
  /** Presses the book and reads what the help shows. */
  help(): Promise<string>;
}

/** Opens the dialog of a node by its id, or that of a new configuration node by its type. */
export async function openDialog(page: Page, { id, type }: { id?: string; type: string }): Promise<Dialog> {
  const config = await page.evaluate(
    ([node, kind]) => {
      const isConfig = RED.nodes.getType(kind)?.category === 'config';
      const existing = node === null ? null : RED.nodes.node(node);
      if (isConfig) RED.editor.editConfig('', kind, node ?? '_ADD_');
      else if (existing) RED.editor.edit(existing);
      return isConfig;
    },
    [id ?? null, type] as const,
  );
  const prefix = config ? 'node-config-input' : 'node-input';
  const buttons = config ? 'node-config-dialog' : 'node-dialog';
  const tray = page.locator('.red-ui-tray').last();
  const form = tray.locator('form').first();
  const field = (name: string): Locator => form.locator(`#${prefix}-${name}`);
  await page.locator(`#${buttons}-ok`).waitFor();
  await field('name').waitFor();
  // The tray slides in; a click on the way may miss its button.
  await waitFor(() => tray.evaluate((element) => getComputedStyle(element).right === '0px'), { what: `the dialog of ${type}` });

  async function close(button: 'ok' | 'cancel'): Promise<void> {
    await page.locator(`#${buttons}-${button}`).click();
    await tray.waitFor({ state: 'detached' });
  }

  return {
    form,
    field,
    async fill(name, value) {
      // Folded settings are unfolded as a person would.
      await field(name).evaluate((element) => element.closest('details')?.setAttribute('open', ''));
      const kind = await field(name).evaluate((element) => (element instanceof HTMLInputElement ? element.type : element.tagName));
      if (typeof value === 'boolean') await field(name).setChecked(value);
      else if (kind === 'SELECT') await field(name).selectOption(value);
      else {
        const input = (await field(name).isVisible()) ? field(name) : typedInput(field(name));
        await input.fill(value);
        // The validators run when the field is left.
        await input.blur();
      }
    },
    async chooseType(name, type, value) {
      await field(name).evaluate((element, chosen) => $(element).typedInput('type', chosen), type);
      if (value !== undefined) await field(name).evaluate((element, chosen) => $(element).typedInput('value', chosen), value);
    },
    isMarked: (name) => field(name).evaluate((element) => element.classList.contains('input-error')),
    done: () => close('ok'),
    cancel: () => close('cancel'),
    async test() {
      await form.locator(`#${type}-test`).click();
      const result = form.locator(`#${type}-test-result[data-ok]`);
      await result.waitFor({ timeout: 30_000 });
      return { ok: (await result.getAttribute('data-ok')) === 'true', text: await result.innerText() };
    },
    async help() {
      await tray.locator('.red-ui-tray-footer .fa-book').click();
      const text = page.locator('.red-ui-help .red-ui-help');
      await text.waitFor();
      return text.innerText();
    },
  };
}

/** A TypedInput hides its field and shows an input of its own beside it. */
function typedInput(field: Locator): Locator {
  return field.locator(
    'xpath=following-sibling::*[contains(@class, "red-ui-typedInput-container")]//input[contains(@class, "red-ui-typedInput-input")]',
  );
}
