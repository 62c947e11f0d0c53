// What every part of the page needs: words, time, what may be done.

import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Known, Live } from './live';
import type { Language, Say } from './texts';

/** What a person is asked before something is done. */
export interface Question {
  title: string;
  text: string;
  answer: string;
  isDangerous?: boolean;
  act: () => Promise<void>;
}

export interface Page {
  live: Live;
  known: Known;
  language: Language;
  say: Say;
  /** The time, which moves once a second. */
  now: number;
  mayAct: boolean;
  confirm: (question: Question) => void;
  tell: (text: string) => void;
}

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error('outside of the page');
  return page;
}
