/** The parts of the page as tabs: arrows, Home and End move between them. */
import { each } from './elements.js';

/** @param opened called with the id of a part whenever it is opened */
export function startTabs(opened: (panel: string) => void): void {
  const tabs: HTMLElement[] = [];
  each('[role=tab]', (tab) => tabs.push(tab));
  const open = (tab: HTMLElement): void => {
    for (const other of tabs) {
      other.setAttribute('aria-selected', String(other === tab));
      other.tabIndex = other === tab ? 0 : -1;
      document.getElementById(other.getAttribute('aria-controls')!)!.hidden = other !== tab;
    }
    opened(tab.getAttribute('aria-controls')!);
  };
  for (const [i, tab] of tabs.entries()) {
    tab.addEventListener('click', () => open(tab));
    tab.addEventListener('keydown', ({ key }) => {
      const to = { ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: tabs.length - 1 }[key];
      if (to === undefined) return;
      const next = tabs[(to + tabs.length) % tabs.length]!;
      next.focus();
      open(next);
    });
  }
}
