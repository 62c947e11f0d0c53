// What the reader chose, kept in this browser.

import { firstLanguage, type Language } from './texts';

export type Theme = 'auto' | 'light' | 'dark';

const LANGUAGE = 'frpx-language';
const THEME = 'frpx-theme';

// A browser may forbid storage; then the choice lasts as long as the page.
function read(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    return;
  }
}

export const startLanguage = (): Language => firstLanguage(read(LANGUAGE), navigator.languages);

export function applyLanguage(language: Language, isChosen: boolean): void {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  if (isChosen) write(LANGUAGE, language);
}

export function startTheme(): Theme {
  const theme = read(THEME);
  return theme === 'light' || theme === 'dark' ? theme : 'auto';
}

export function applyTheme(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  write(THEME, theme);
}
