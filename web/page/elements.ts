/** Finding and making elements of the page. */

/** The element of an id. @throws where there is none of that kind: the page's own markup lacks it */
export function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`page: no ${kind.name} with id ${id}`);
}

/** Calls a function with every element that a selector finds. */
export function each(selector: string, visit: (element: HTMLElement) => void): void {
  for (const element of document.querySelectorAll<HTMLElement>(selector)) visit(element);
}

/** Makes an element with properties and content. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...content: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...content);
  return element;
}

/** Fills a description list. */
export function fillFacts(list: HTMLElement, facts: readonly (readonly [term: string, value: string])[]): void {
  list.replaceChildren(...facts.map(([term, value]) => make('div', {}, make('dt', {}, term), make('dd', {}, value))));
}

export const show = (element: HTMLElement, shown: boolean): void => {
  element.hidden = !shown;
};
