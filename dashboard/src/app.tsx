// The page as a whole: who is here, what is known, which parts are shown.

import { useCallback, useEffect, useLayoutEffect, useMemo, useState } from 'preact/hooks';
import { ask } from './api';
import { AwayBanner, PartsBanner } from './banners';
import { PageContext, usePage, type Page, type Question } from './context';
import { Confirm } from './dialogs';
import { EventLog } from './event_log';
import { Fleet } from './fleet';
import { Header } from './header';
import { Keys } from './keys';
import type { Live } from './live';
import { Login } from './login';
import { Models } from './models';
import { Overview } from './overview';
import { Server } from './server';
import { Services } from './services';
import { applyLanguage, applyTheme, startLanguage, startTheme } from './settings';
import { sayIn, type Language } from './texts';
import { TrafficCharts } from './traffic';
import { Users } from './users';

function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

// A page that nobody sees asks nothing.
function useLive(live: Live): void {
  const [, redraw] = useState(0);
  useEffect(() => {
    const unsubscribe = live.subscribe(() => redraw((n) => n + 1));
    const follow = () => {
      if (document.hidden) live.stop();
      else if (live.known.phase !== 'login') live.start();
    };
    document.addEventListener('visibilitychange', follow);
    follow();
    return () => {
      document.removeEventListener('visibilitychange', follow);
      live.stop();
      unsubscribe();
    };
  }, [live]);
}

const TOAST_MS = 5000;

function useToast(): [string, (text: string) => void] {
  const [text, setText] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setText(''), TOAST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return [text, setText];
}

export function App({ live }: { live: Live }) {
  useLive(live);
  const now = useNow();
  const [language, setLanguage] = useState(startLanguage);
  const [theme, setTheme] = useState(startTheme);
  const [question, setQuestion] = useState<Question | null>(null);
  const [toast, tell] = useToast();
  const say = useMemo(() => sayIn(language), [language]);
  const known = live.known;

  useLayoutEffect(() => applyTheme(theme), [theme]);
  useLayoutEffect(() => {
    applyLanguage(language, false);
    document.title = say('title');
  }, [language]);
  const chooseLanguage = useCallback((chosen: Language) => {
    applyLanguage(chosen, true);
    setLanguage(chosen);
  }, []);

  const logOut = () => {
    if (known.session?.how === 'login') void ask('DELETE', '/api/session').catch(() => undefined);
    live.forget();
  };
  const page: Page = {
    live,
    known,
    language,
    say,
    now,
    mayAct: known.session?.role === 'admin',
    confirm: setQuestion,
    tell,
  };

  return (
    <PageContext.Provider value={page}>
      <a class="skip" href="#content">
        {say('skip')}
      </a>
      <Header
        language={language}
        chooseLanguage={chooseLanguage}
        theme={theme}
        chooseTheme={setTheme}
        logOut={logOut}
      />
      {known.phase === 'in' && <AwayBanner />}
      <main
        id="content"
        tabIndex={-1}
        class={known.away ? 'old' : ''}
        aria-busy={known.phase === 'starting'}
      >
        {known.phase === 'login' && <Login />}
        {known.phase === 'starting' && <Starting />}
        {known.phase === 'in' && <Sections />}
      </main>
      <div class="toast" role="status" aria-live="polite">
        {toast && <span>{toast}</span>}
      </div>
      {question && <Confirm question={question} close={() => setQuestion(null)} />}
    </PageContext.Provider>
  );
}

function Starting() {
  const { known, say } = usePage();
  return (
    <p class="starting" role="status">
      {known.away ? known.away.why || say('awayTitle') : say('starting')}
    </p>
  );
}

function Sections() {
  return (
    <>
      <PartsBanner />
      <Overview />
      <TrafficCharts />
      <Fleet />
      <div class="columns">
        <Models />
        <Services />
      </div>
      <Keys />
      <Users />
      <Server />
      <EventLog />
    </>
  );
}
